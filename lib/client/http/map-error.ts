import {
  EtcdCompareFailedError,
  EtcdConflictError,
  EtcdDirectoryNotEmptyError,
  EtcdElectionInProgressError,
  type EtcdError,
  type EtcdErrorDetails,
  EtcdEventIndexClearedError,
  EtcdForbiddenError,
  EtcdInvalidRequestError,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
  EtcdNotDirectoryError,
  EtcdNotFileError,
  EtcdNotFoundError,
  EtcdRaftError,
  EtcdRedirectError,
  EtcdRootReadOnlyError,
  EtcdServerError,
  EtcdUnauthorizedError,
  EtcdV2NotEnabledError,
  EtcdWatcherClearedError,
} from '../errors/index.js';
import { isObject } from './json.js';
import { quote } from './quote.js';
import type { EtcdRequest, HttpAnswer } from './request.js';

type ErrorClass = new (message: string, details?: EtcdErrorDetails) => EtcdError;

/** The classes of etcd's own numbers; what is not here is judged by its hundreds or by the HTTP status. */
const byErrorCode: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [100, EtcdKeyNotFoundError],
  [101, EtcdCompareFailedError],
  [102, EtcdNotFileError],
  [104, EtcdNotDirectoryError],
  [105, EtcdKeyExistsError],
  [107, EtcdRootReadOnlyError],
  [108, EtcdDirectoryNotEmptyError],
  [110, EtcdUnauthorizedError],
  [300, EtcdRaftError],
  [301, EtcdElectionInProgressError],
  [400, EtcdWatcherClearedError],
  [401, EtcdEventIndexClearedError],
]);

const byStatus: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [400, EtcdInvalidRequestError],
  [401, EtcdUnauthorizedError],
  [403, EtcdForbiddenError],
  [404, EtcdNotFoundError],
  [405, EtcdInvalidRequestError],
  [409, EtcdConflictError],
  [410, EtcdNotFoundError],
  [413, EtcdInvalidRequestError],
  [415, EtcdInvalidRequestError],
  [421, EtcdInvalidRequestError],
  [431, EtcdInvalidRequestError],
]);

/** What an error answer says, whichever of etcd's four shapes its body has, or a proxy's. */
interface ErrorBody {
  readonly errorCode?: number | undefined;
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly json: boolean;
}

/** The error that an answer stands for. @param authorization the header that was sent with the request */
export function toError(
  request: EtcdRequest,
  answer: HttpAnswer,
  endpoint: string,
  authorization?: string,
): EtcdError {
  const body = readErrorBody(answer.body, (text) => quote(text, request, authorization));
  const what = `${request.method} ${request.path.split('?', 1)[0]}`;
  const details: EtcdErrorDetails = {
    errorCode: body.errorCode,
    status: answer.status,
    index: answer.etcdIndex,
    // What a failed comparison explains holds both values.
    reason: body.errorCode === 101 ? undefined : body.reason,
    endpoint,
  };
  if (answer.status >= 300 && answer.status < 400) {
    return new EtcdRedirectError(
      `${what}: ${endpoint} redirects (${answer.status}) to an address that is no known member; it was not followed.`,
      details,
    );
  }
  if (answer.status === 404 && !body.json && answer.etcdIndex === undefined) {
    return new EtcdV2NotEnabledError(
      `${what}: ${endpoint} serves no v2 API. Start etcd 3.4 or 3.5 with --enable-v2; 3.6 and later have none.`,
      details,
    );
  }
  const Class = classOf(body, answer.status);
  return new Class(`${what}: ${explain(body, details.reason, answer.status)} (at ${endpoint})`, details);
}

function classOf(body: ErrorBody, status: number): ErrorClass {
  const known = body.errorCode === undefined ? undefined : byErrorCode.get(body.errorCode);
  if (known !== undefined) return known;
  if (body.errorCode !== undefined && body.errorCode >= 200 && body.errorCode < 300)
    return EtcdInvalidRequestError;
  if (body.message === 'During election') return EtcdElectionInProgressError;
  return byStatus.get(status) ?? EtcdServerError;
}

function explain(body: ErrorBody, reason: string | undefined, status: number): string {
  const number = body.errorCode === undefined ? `HTTP ${status}` : `etcd error ${body.errorCode}`;
  const message = body.message ?? 'no explanation that etcd gives';
  return reason === undefined ? `${message} (${number})` : `${message}: ${reason} (${number})`;
}

function readErrorBody(text: string, say: (text: unknown) => string | undefined): ErrorBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { json: false, message: isPlainText(text) ? say(text) : undefined };
  }
  if (!isObject(value)) return { json: true };
  const { errorCode, message, cause } = value;
  return {
    json: true,
    errorCode: Number.isSafeInteger(errorCode) ? (errorCode as number) : undefined,
    message: say(message),
    reason: say(cause),
  };
}

const longestText = 200;

/** The short plain texts of Go's router; pages of proxies say nothing that helps, and half an answer may hold a value. */
function isPlainText(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.length <= longestText && !/[<{"\r\n]/.test(trimmed);
}
