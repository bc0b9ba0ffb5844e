import { type EtcdMember } from '../support/etcd-member.js';

/** A node exactly as etcd writes it. */
export interface RawNode {
  key?: string;
  value?: string;
  dir?: boolean;
  ttl?: number;
  expiration?: string;
  modifiedIndex?: number;
  createdIndex?: number;
  nodes?: RawNode[];
}

export interface RawAnswer {
  status: number;
  /** `X-Etcd-Index`. */
  index: number;
  action?: string;
  node: RawNode;
  prevNode?: RawNode;
  errorCode?: number;
}

/** Looks at a member's keys, and changes them, with plain HTTP and nothing of this package in between. */
export class RawStore {
  constructor(private readonly member: EtcdMember) {}

  /** `path` is what follows `/v2/keys`, percent-encoded, with its query. */
  get(path: string): Promise<RawAnswer> {
    return this.send('GET', path);
  }

  put(path: string, form: Record<string, string>): Promise<RawAnswer> {
    return this.send('PUT', path, form);
  }

  delete(path: string): Promise<RawAnswer> {
    return this.send('DELETE', path);
  }

  /** The value of a file; `undefined` where there is none. */
  async value(path: string): Promise<string | undefined> {
    return (await this.get(path)).node.value;
  }

  private async send(method: string, path: string, form?: Record<string, string>): Promise<RawAnswer> {
    const { status, headers, body } = await this.member.request(`/v2/keys${path}`, {
      method,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...(form && { body: new URLSearchParams(form).toString() }),
    });
    return { node: {}, ...(JSON.parse(body) as object), status, index: Number(headers['x-etcd-index']) };
  }
}
