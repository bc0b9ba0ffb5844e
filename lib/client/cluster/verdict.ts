import { EtcdError, EtcdResponseError } from '../errors/index.js';
import { toError } from '../http/map-error.js';
import type { EtcdRequest, HttpAnswer, HttpFailure } from '../http/request.js';
import type { Trail } from './trail.js';

/**
 * Turns a good answer of the member at `endpoint` into what the caller wants.
 * @throws {EtcdResponseError} when the answer is none that etcd gives
 */
export type Decode<T> = (answer: HttpAnswer, endpoint: string) => T;

/** What speaks for one member, or a proxy, only: another one may do better. It does not say that nothing was done. */
function isServerFailure(status: number): boolean {
  return status >= 500;
}

export function isApplied(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

/** Whether a request without a whole answer, or an earlier try of it, may have changed something. */
export function mayHaveBeenApplied(
  request: EtcdRequest,
  trail: Trail,
  { phase, status }: HttpFailure,
): boolean {
  return trail.ambiguous || (!request.read && wasSent(phase) && !isRefused(status));
}

/** What a request without a whole answer means: throws what ends the call, or returns when another member may be asked. */
export function judgeFailure(
  request: EtcdRequest,
  trail: Trail,
  endpoint: string,
  failure: HttpFailure,
): void {
  const { phase, status, outcome, cause } = failure;
  const what = status === undefined ? outcome : `HTTP ${status}, then ${outcome}`;
  // One that waited in vain for its turn, or had no time left, says nothing of the member: it was late.
  const late = wasSent(phase) || phase === 'waiting' || failure.byDeadline;
  trail.note(endpoint, what, late, cause instanceof EtcdError ? cause : undefined);
  if (mayHaveBeenApplied(request, trail, failure)) {
    trail.ambiguous = true;
    if (request.idempotent === true) return;
    const why = isApplied(status) ? 'it was applied, but the answer was cut short' : 'there was no answer';
    throw trail.indeterminate(why, cause);
  }
  // A write that was refused without its reason has changed nothing: it is made again, like one that was not sent.
}

/**
 * What a whole answer means: gives what it holds, throws what ends the call, or gives `undefined` when another member
 * is to be asked.
 */
export function judgeAnswer<T>(
  request: EtcdRequest,
  trail: Trail,
  endpoint: string,
  answer: HttpAnswer,
  decode: Decode<T>,
): { value: T } | undefined {
  const { status, body } = answer;
  if (request.elsewhere?.(answer) === true) {
    trail.note(endpoint, `HTTP ${status}`, true, toError(request, answer, endpoint, trail.authorization));
    return undefined;
  }
  if (isApplied(status)) {
    if (!request.read || body !== '' || answer.stream !== undefined)
      return judgeBody(request, trail, endpoint, answer, decode);
    // Old servers and proxies end a request so, and `stats/self` now and then.
    trail.note(endpoint, 'an empty answer', true, undefined);
    return undefined;
  }
  const error = toError(request, answer, endpoint, trail.authorization);
  if (!isServerFailure(status)) {
    if (!trail.ambiguous) throw trail.because(error);
    // An earlier try may be what made this one fail: the key that exists may be our own.
    throw trail.indeterminate('an earlier try was not answered, and the last one was refused', error);
  }
  trail.note(endpoint, `HTTP ${status} ${error.reason ?? ''}`.trim(), true, error);
  if (!request.read) {
    trail.ambiguous = true;
    if (request.idempotent !== true) throw trail.indeterminate(error.message, error);
  }
  return undefined;
}

function judgeBody<T>(
  request: EtcdRequest,
  trail: Trail,
  endpoint: string,
  answer: HttpAnswer,
  decode: Decode<T>,
): { value: T } | undefined {
  try {
    return { value: decode(answer, endpoint) };
  } catch (error) {
    if (!(error instanceof EtcdResponseError)) throw error;
    const { status } = answer;
    const told = new EtcdResponseError(`${trail.what}: ${error.message} (at ${endpoint})`, {
      endpoint,
      status,
      cause: error.cause,
    });
    trail.note(endpoint, error.message, true, told);
    if (!request.read) throw trail.indeterminate('it was applied, but the answer cannot be read', told);
    return undefined;
  }
}

function wasSent(phase: HttpFailure['phase']): boolean {
  return phase === 'sent' || phase === 'answered';
}

/** Redirected or refused: whatever the rest of the answer was, nothing was changed. */
function isRefused(status: number | undefined): boolean {
  return status !== undefined && status >= 300 && status < 500;
}
