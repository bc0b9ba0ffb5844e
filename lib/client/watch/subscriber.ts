import type { EtcdRelation, Scope } from './scope.js';
import type { StoreEvent } from './store-event.js';

/** Why changes are lost to a feed: they have left the history, the store was rebuilt, or a member has skipped them. */
export type Gap = 'cleared' | 'reset' | 'skipped';

/** What a feed tells each of those who share it. */
export interface Subscriber {
  readonly scope: Scope;
  /** Events up to this index are not for it. */
  after: number;
  /** Everything after `index` will be told. It may be said again. */
  onAttached(index: number): void;
  onEvent(event: StoreEvent, relation: EtcdRelation): void;
  /** Changes up to now are lost; those that come will be told. */
  onGap(gap: Gap): void;
  /** Nothing more will be told. */
  onFailed(error: unknown): void;
}

/** Those who share a feed. */
export class Subscribers extends Set<Subscriber> {
  attached(index: number): void {
    for (const subscriber of this) subscriber.onAttached(index);
  }

  tell(event: StoreEvent): void {
    for (const subscriber of this) {
      if (event.index <= subscriber.after) continue;
      const relation = subscriber.scope.relate(event.key, event.removesTree);
      if (relation !== undefined) subscriber.onEvent(event, relation);
    }
  }

  miss(gap: Gap): void {
    for (const subscriber of this) subscriber.onGap(gap);
  }
}
