import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { KeyState, Parts, Sample } from './live.types.js';

/** How long changes are gathered before a page is told, in milliseconds. */
const interval = 50;
const mostSamples = 120;

/** What all pages show: the state for those that come, and its changes for those that are there. */
@Injectable()
export class LiveService implements OnModuleDestroy {
  /** The changes, as the data of one server-sent event each. */
  readonly changes$ = new Subject<string>();
  private readonly keys = new Map<string, KeyState>();
  private readonly parts: Partial<Parts> = {};
  private samples: Sample[] = [];
  private changedKeys = new Map<string, KeyState | null>();
  private changedParts: Partial<Parts> = {};
  private newSamples: Sample[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** Everything, up to the last change that was told. */
  snapshot(): string {
    this.flush();
    return JSON.stringify({ keys: [...this.keys], ...this.parts, samples: this.samples });
  }

  setKey(key: string, state: KeyState): void {
    // etcd makes the directories above without telling so.
    const above = key.slice(0, key.lastIndexOf('/'));
    if (above !== '' && !this.keys.has(above)) this.setKey(above, { isDirectory: true, index: state.index });
    this.keys.set(key, state);
    this.changedKeys.set(key, state);
    this.schedule();
  }

  /** A directory goes with everything below it. */
  removeKey(key: string): void {
    const isDirectory = this.keys.get(key)?.isDirectory;
    const gone = isDirectory ? [...this.keys.keys()].filter((other) => other.startsWith(`${key}/`)) : [];
    for (const name of [key, ...gone])
      if (this.keys.delete(name)) {
        this.changedKeys.set(name, null);
        this.schedule();
      }
  }

  set<Name extends keyof Parts>(name: Name, state: Parts[Name]): void {
    if (JSON.stringify(state) === JSON.stringify(this.parts[name])) return;
    this.parts[name] = this.changedParts[name] = state;
    this.schedule();
  }

  addSample(sample: Sample): void {
    this.samples = [...this.samples, sample].slice(-mostSamples);
    this.newSamples.push(sample);
    this.schedule();
  }

  /** Lets the open pages go, since the application waits for their requests to end before it closes etcd. */
  onModuleDestroy(): void {
    clearTimeout(this.timer);
    this.changes$.complete();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.flush(), interval).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.changes$.observed)
      this.changes$.next(
        JSON.stringify({ keys: [...this.changedKeys], ...this.changedParts, samples: this.newSamples }),
      );
    this.changedKeys = new Map();
    this.changedParts = {};
    this.newSamples = [];
  }
}
