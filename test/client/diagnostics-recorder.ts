import {
  etcdChannelNames,
  subscribeEtcd,
  type EtcdChannelMessages,
  type EtcdChannelName,
  type EtcdClientIdentity,
} from 'nestjs-etcd/client';

/** One message, as it was when it was published. */
interface Recorded {
  readonly name: EtcdChannelName;
  /** The very object. */
  readonly message: object;
  readonly copy: EtcdChannelMessages[EtcdChannelName];
}

/** Listens to every channel. */
export class DiagnosticsRecorder implements Disposable {
  readonly all: Recorded[] = [];
  readonly #stops = etcdChannelNames.map((name) =>
    subscribeEtcd(name, (message) => this.all.push({ name, message, copy: { ...message } })),
  );

  /** What was published on a channel, of one client or of all. */
  of<Name extends EtcdChannelName>(name: Name, client?: EtcdClientIdentity): EtcdChannelMessages[Name][] {
    return this.all
      .filter((one) => one.name === name && (client === undefined || one.copy.client === client))
      .map(({ copy }) => copy as EtcdChannelMessages[Name]);
  }

  /** The channels in the order in which they were used, without the package's name. */
  names(...groups: string[]): string[] {
    return this.all
      .map(({ name }) => name.slice('nestjs-etcd:'.length))
      .filter((name) => groups.includes(name.split(':')[0] ?? ''));
  }

  clear(): void {
    this.all.length = 0;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }
}
