import { AuthStore, type AuthSnapshot } from '../auth/index.js';
import { Store, type StoreOptions, type StoreSnapshot } from '../store/index.js';

/** A change that goes through raft, which each member makes in what it holds. */
export type Command<T> = (replica: Replica) => T;

/** All that a cluster has agreed upon, as plain data that JSON can hold. */
export interface EmbeddedSnapshot {
  readonly store: StoreSnapshot;
  readonly auth: AuthSnapshot;
}

/** What one member holds: the keys, and who may use them. Members that have applied the same commands hold the same. */
export class Replica {
  store: Store;
  auth: AuthStore;
  raftIndex: number;

  constructor(private readonly options: StoreOptions) {
    this.store = new Store(options);
    this.auth = this.#newAuth();
    // The first commands of raft's change no key: they make the members.
    this.raftIndex = options.initialIndex + 1;
  }

  apply<T>(command: Command<T>): T {
    this.raftIndex++;
    return command(this);
  }

  /** Begins anew, as if the data directory had been wiped. */
  reset(): void {
    this.store = new Store(this.options);
    this.auth = this.#newAuth();
    this.raftIndex = this.options.initialIndex + 1;
  }

  snapshot(): EmbeddedSnapshot {
    return { store: this.store.snapshot(), auth: this.auth.snapshot() };
  }

  restore({ store, auth }: EmbeddedSnapshot): void {
    this.store.restore(store);
    this.auth.restore(auth);
  }

  /** Takes over the state of another member, as one does that was away for too long: who watches is told nothing. */
  catchUp(from: Replica): void {
    this.store.restore(from.store.snapshot(), from.store);
    this.auth.restore(from.auth.snapshot());
    this.raftIndex = from.raftIndex;
  }

  /** Users and roles are kept in the store, out of sight: each change of them takes up an index. */
  #newAuth(): AuthStore {
    return new AuthStore(() => {
      this.raftIndex++;
      this.store.skipIndex();
    });
  }
}
