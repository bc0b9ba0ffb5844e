import { type ClientRequest, request as httpRequest } from 'node:http';

import { type RawNode } from '../client/raw-store.js';
import { type EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';

interface RawEvent {
  action: string;
  node: RawNode;
  prevNode?: RawNode;
}

/** A watch as etcd itself answers it, with nothing of this package in between: shows what a client has to cope with. */
export class RawWatch implements AsyncDisposable {
  readonly events: RawEvent[] = [];
  private request: ClientRequest | undefined;
  private text = '';

  /** `path` is what follows `/v2/keys`, with its query. Resolves when etcd has registered it. */
  static async open(member: EtcdMember, path: string): Promise<RawWatch> {
    const watch = new RawWatch();
    await new Promise<void>((resolve, reject) => {
      watch.request = httpRequest(`${member.directUrl}/v2/keys${path}`, { agent: false }, (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => watch.take(chunk));
        response.on('error', () => undefined);
        resolve();
      });
      watch.request.on('error', reject);
      watch.request.end();
    });
    return watch;
  }

  get brief(): string[] {
    return this.events.map(({ action, node }) => `${action} ${node.key}`);
  }

  /** Resolves when so many events have come, and gives them in a few words. */
  async has(count: number): Promise<string[]> {
    await waitFor(() => this.events.length >= count, { what: `${count} events of a raw watch` });
    return this.brief;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.request?.destroy();
    await Promise.resolve();
  }

  private take(chunk: string): void {
    const lines = `${this.text}${chunk}`.split('\n');
    this.text = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.events.push(JSON.parse(line) as RawEvent);
  }
}
