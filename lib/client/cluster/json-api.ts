import { traceOperation } from '../diagnostics/trace-operation.js';
import { parseObject } from '../http/json.js';
import type { EtcdRequest, HttpAnswer } from '../http/request.js';
import { checkMilliseconds, checkNames, checkSignal } from '../options/check.js';
import type { EtcdCallOptions } from '../options/index.js';
import { Call } from './call.js';
import type { Cluster } from './cluster.js';
import type { Decode } from './verdict.js';

const callNames = new Set(['signal', 'timeout']);

/** Sends the requests of the APIs that speak JSON: members, stats, version and auth. */
export class JsonApi {
  constructor(
    readonly cluster: Cluster,
    readonly timeout: number,
  ) {}

  /** The call for a user's options. @throws {EtcdOptionsError} */
  call(options: EtcdCallOptions, operation: string): Call {
    checkNames('options', options, callNames);
    if (options.timeout !== undefined) checkMilliseconds('timeout', options.timeout);
    checkSignal(options.signal);
    return new Call(options.timeout ?? this.timeout, options.signal, operation);
  }

  async get<T>(path: string, options: EtcdCallOptions, decode: Decode<T>): Promise<T> {
    return this.request({ method: 'GET', path, read: true }, options, decode);
  }

  async put<T>(path: string, body: object, options: EtcdCallOptions, decode: Decode<T>): Promise<T> {
    return this.#send('PUT', path, JSON.stringify(body), options, decode);
  }

  async post<T>(path: string, body: object, options: EtcdCallOptions, decode: Decode<T>): Promise<T> {
    return this.#send('POST', path, JSON.stringify(body), options, decode);
  }

  async delete(path: string, options: EtcdCallOptions): Promise<void> {
    return this.#send('DELETE', path, undefined, options, nothing);
  }

  #send<T>(
    method: 'PUT' | 'POST' | 'DELETE',
    path: string,
    body: string | undefined,
    options: EtcdCallOptions,
    decode: Decode<T>,
  ): Promise<T> {
    const contentType = 'application/json' as const;
    return this.request({ method, path, body, contentType, read: false }, options, decode);
  }

  /** Sends a request. @throws {EtcdOptionsError} */
  request<T>(request: EtcdRequest, options: EtcdCallOptions, decode: Decode<T>): Promise<T> {
    const operation = operationOf(request.path);
    const call = this.call(options, operation);
    const send = (): Promise<T> => this.cluster.request(request, call, decode);
    return traceOperation(this.cluster.client, operation, undefined, send, undefined);
  }
}

/** The fixed words of a path, such as `auth.users`, without the names and ids behind them. */
function operationOf(path: string): string {
  const [api = '', part = ''] = path.replace(/^\/(?:v2\/)?/, '').split('/');
  return api === 'auth' || api === 'stats' ? `${api}.${part}` : api;
}

/**
 * For requests whose answer says nothing but that they were done: it is empty, or an object.
 * @throws {EtcdResponseError} for anything else, such as a proxy's page
 */
export const nothing = ({ body }: HttpAnswer): void => {
  if (body !== '') parseObject(body);
};
