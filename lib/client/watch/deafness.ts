import type { Line } from './line.js';
import type { Sequence } from './sequence.js';
import type { Standby } from './standby.js';

/** etcd drops a stream without a word when this many of its events wait to be sent. */
const streamBuffer = 100;
/** Silence after that many events makes it likely, in milliseconds. */
const suspiciousSilence = 15;
/** So soon it is looked whether the line that stands by has told more, in milliseconds. */
const glance = 5;

/** Whether etcd can have dropped a line: what waited to be sent then has been told since. */
export function isSuspect(line: Line): boolean {
  return line.told >= streamBuffer;
}

/** Notices that a line which etcd can have dropped has fallen silent. */
export class Deafness {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sequence: Sequence,
    private readonly standby: Standby,
    private readonly onSuspicion: () => void,
  ) {}

  /** To be called whenever a line has told something. */
  listen(line: Line): void {
    if (!isSuspect(line)) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const isMissing = this.standby.newest > (this.sequence.position ?? 0);
      const isSilent = performance.now() - this.sequence.toldAt >= suspiciousSilence;
      if (isMissing || isSilent) this.onSuspicion();
      else this.listen(line);
    }, glance);
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
