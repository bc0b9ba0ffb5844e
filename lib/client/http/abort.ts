/** Who listens to a signal. Node walks all listeners of a signal for each one that is added; a set does not. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `listener` when the signal is aborted. One signal may be given to any number of calls. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): void {
  if (signal === undefined) return;
  let all = listeners.get(signal);
  if (all === undefined) {
    all = new Set();
    listeners.set(signal, all);
    signal.addEventListener('abort', callAll);
  }
  all.add(listener);
}

/** Takes a listener back; with its last one, nothing of this package is left on the signal. */
export function offAbort(signal: AbortSignal | undefined, listener: () => void): void {
  const all = signal === undefined ? undefined : listeners.get(signal);
  if (signal === undefined || all?.delete(listener) !== true || all.size > 0) return;
  listeners.delete(signal);
  signal.removeEventListener('abort', callAll);
}

/** A signal that is aborted with the first of several. @returns it, and what lets go of the others */
export function linkSignals(...signals: readonly AbortSignal[]): { signal: AbortSignal; unlink: () => void } {
  const controller = new AbortController();
  const links = signals.map((signal) => {
    const abort = (): void => controller.abort(signal.reason);
    onAbort(signal, abort);
    if (signal.aborted) abort();
    return () => offAbort(signal, abort);
  });
  return { signal: controller.signal, unlink: () => links.forEach((unlink) => unlink()) };
}

function callAll(this: AbortSignal): void {
  for (const listener of listeners.get(this) ?? []) listener();
}
