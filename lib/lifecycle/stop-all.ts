/** Something that runs until it is stopped. */
interface Stoppable {
  /** Resolves when it has ended. It never rejects. */
  stop(): Promise<void>;
}

/** Stops all of them, and waits for that no longer than so many milliseconds. @returns those that still run then */
export async function stopAll<T extends Stoppable>(
  running: readonly T[],
  timeout: number,
): Promise<readonly T[]> {
  const left = new Set(running);
  const stopped = Promise.all(running.map((one) => one.stop().then(() => left.delete(one))));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, timeout)));
  await Promise.race([stopped, late]);
  clearTimeout(timer);
  return [...left];
}
