import { HandlerCrash } from '../auth/index.js';
import type { EmbeddedFault, EmbeddedRequest, Traffic } from '../traffic.js';
import type { Answer } from './answer.js';
import type { EtcdRequest } from './etcd-request.js';
import type { Handler } from './handler.js';
import { messageJson } from './json.js';
import type { WatchAnswer } from './keys-handler.js';

/** Who waits for the answer to a request: at the other end of a connection, or in this process. */
export interface Asker {
  /** Whether nobody waits any more. */
  readonly isGone: boolean;
  answer(answer: Answer): void;
  watch(answer: WatchAnswer): void;
  /** Ends the connection in the middle of everything. */
  destroy(): void;
  /** The same, as a fault of the network. */
  reset(): void;
  /** Lets no more than so many bytes of the answer pass, its head included, and then ends the connection. */
  cutAfter(bytes: number): void;
}

/** What all requests to a server have in common. */
export interface Service {
  readonly handler: Handler;
  readonly traffic: Traffic;
}

/**
 * Lets a request be answered, unless it is to fail: now, if nothing stands in the way.
 *
 * @param url the target as it was sent
 */
export function perform(service: Service, request: EtcdRequest, url: string, asker: Asker): void {
  const { traffic } = service;
  const { generation } = traffic;
  const fault = admit(traffic, { method: request.method, url });
  if (fault === undefined && !traffic.isPaused) {
    run(service, request, asker);
    return;
  }
  const runNow = (): void => {
    if (traffic.generation === generation) run(service, request, asker);
    else asker.destroy();
  };
  traffic.whenRunning(() => {
    if (asker.isGone) return;
    if (fault === undefined) runNow();
    else applyFault(fault, asker, () => traffic.whenRunning(runNow));
  });
}

/** A test's `match` that throws is answered, like whatever goes wrong here. */
function admit(traffic: Traffic, request: EmbeddedRequest): EmbeddedFault | undefined {
  try {
    return traffic.admit(request);
  } catch (error) {
    return { status: 500, body: messageJson(String(error)) };
  }
}

function run({ handler, traffic }: Service, request: EtcdRequest, asker: Asker): void {
  if (asker.isGone) return;
  try {
    const answer = handler(request);
    if (!('then' in answer)) settle(answer, asker);
    else {
      answer
        .then((late) => traffic.whenRunning(() => settle(late, asker)))
        .catch((error: unknown) => fail(error, asker));
    }
  } catch (error) {
    fail(error, asker);
  }
}

function settle(answer: Answer | WatchAnswer, asker: Asker): void {
  if ('watcher' in answer) {
    if (asker.isGone) answer.watcher.remove();
    else asker.watch(answer);
  } else if (!asker.isGone) asker.answer(answer);
}

function fail(error: unknown, asker: Asker): void {
  if (asker.isGone) return;
  if (error instanceof HandlerCrash) asker.destroy();
  else asker.answer({ status: 500, headers: [], body: messageJson(String(error)), close: true });
}

function applyFault(fault: EmbeddedFault, asker: Asker, goOn: () => void): void {
  if ('status' in fault) {
    const body = Buffer.from(fault.body ?? '', 'utf8').toString('latin1');
    asker.answer({ status: fault.status, headers: [], body });
  } else if ('reset' in fault) asker.reset();
  else if ('delay' in fault) setTimeout(goOn, fault.delay).unref();
  else {
    asker.cutAfter(fault.cutAfterBytes);
    goOn();
  }
}
