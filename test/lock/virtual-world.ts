import { Crowds } from '../../lib/client/lock/crowds.js';
import { Holding } from '../../lib/client/lease/holding.js';
import type { Held, LeaseContext } from '../../lib/client/lease/lease-context.js';
import { Tidy } from '../../lib/client/lock/tidy.js';
import { Removals } from '../../lib/client/lease/removals.js';
import { FakeEtcd } from './fake-etcd.js';
import { FakeKeys } from './fake-keys.js';
import { ScriptedNetwork } from './scripted-network.js';
import { settled, VirtualClock } from './virtual-clock.js';

/** A client of an etcd in memory, with time and a network that a test commands. */
export class VirtualWorld {
  readonly clock = new VirtualClock();
  readonly etcd = new FakeEtcd(() => this.clock.now());
  readonly network = new ScriptedNetwork();
  readonly keys = new FakeKeys(this.etcd, this.clock, this.network);
  readonly held = new Set<Held>();
  readonly removals = new Removals();
  readonly tidy = new Tidy(async () => undefined);
  readonly warnings: string[] = [];

  get context(): LeaseContext & { readonly crowds: Crowds; readonly tidy: Tidy } {
    const warn = (message: string) => void this.warnings.push(message);
    const logger = { log: () => undefined, warn, error: warn };
    const { clock, keys, held, removals, tidy } = this;
    const client = { id: 'virtual', name: undefined };
    return {
      client,
      clock,
      keys,
      held,
      logger,
      timeout: 5_000,
      crowds: new Crowds(),
      prefix: '',
      removals,
      tidy,
    };
  }

  /** Holds `/k` with the value `v`, which was asked for so long ago. */
  hold(ttl = 10, sentBefore = 0): Holding {
    const { node } = this.etcd.create('/k', 'v', ttl);
    return new Holding(this.context, { node, value: 'v', ttl, sentAt: this.clock.now() - sentBefore });
  }

  /** As a client closes, which waits for what is given back, but not for long. */
  async close(): Promise<void> {
    await this.giveBack();
    await this.keys.close();
  }

  async giveBack(): Promise<void> {
    await Promise.race([Promise.all(Array.from(this.held, (held) => held.close())), settled()]);
  }
}
