import type { JsonApi } from '../cluster/json-api.js';
import { nothing } from '../cluster/json-api.js';
import { parseObject, wrongType } from '../http/json.js';
import type { EtcdCallOptions } from '../options/index.js';

/** Whether etcd v2 asks for credentials at all. */
export class EtcdAuth {
  readonly #api: JsonApi;

  /** @internal Made by the client. */
  constructor(api: JsonApi) {
    this.#api = api;
  }

  /** Whether auth is on: `GET /v2/auth/enable`, which anybody may ask. */
  async enabled(options: EtcdCallOptions = {}): Promise<boolean> {
    return this.#api.get('/v2/auth/enable', options, ({ body }) => {
      const { enabled } = parseObject(body);
      if (typeof enabled !== 'boolean') throw wrongType('enabled', 'true or false');
      return enabled;
    });
  }

  /** Turns auth on: `PUT /v2/auth/enable`. Role `guest` stands for requests without credentials. @throws {EtcdConflictError} when it is on, or there is no user `root` */
  async enable(options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.put('/v2/auth/enable', {}, options, nothing);
  }

  /** Turns auth off: `DELETE /v2/auth/enable`. @throws {EtcdConflictError} when it is off */
  async disable(options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.delete('/v2/auth/enable', options);
  }
}
