import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import type { Line } from './line.js';
import type { Lines } from './lines.js';
import type { Sequence } from './sequence.js';
import type { Standby } from './standby.js';

/** etcd drops a stream without a word when this many of its events wait to be sent. */
const streamBuffer = 100;
/** Silence of so many milliseconds after that many events makes it likely enough to ask. */
const suspiciousSilence = 5;

/** So many milliseconds an answer is waited for. */
const longestDoubt = 30;

/** Whether etcd can have dropped a line: what waited to be sent then has been told since. */
export function isSuspect(line: Line): boolean {
  return line.told >= streamBuffer;
}

/** Notices that a line which etcd can have dropped has fallen silent. */
export class Deafness {
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Immediate | undefined;
  #asking: AbortController | undefined;
  /** How far the line that stands by had come at the last look. */
  #ahead = 0;

  /** @param onDeaf is told whether something is known to be missing */
  constructor(
    private readonly sequence: Sequence,
    private readonly standby: Standby,
    private readonly lines: Lines,
    private readonly onDeaf: (isMissing: boolean) => void,
  ) {}

  /** To be called whenever a line has told something. */
  listen(line: Line): void {
    if (!isSuspect(line)) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // Not before what has come meanwhile is read: this process may have stood still, and not the line.
      this.#look ??= setImmediate(() => this.#consider(line));
    }, suspiciousSilence);
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#look);
    this.#asking?.abort();
    this.#timer = this.#look = this.#asking = undefined;
    this.#ahead = 0;
  }

  #consider(line: Line): void {
    this.#look = undefined;
    // What the other line had told a while ago, this one has had time to tell.
    if (this.#ahead > this.#position) return this.onDeaf(true);
    this.#ahead = this.standby.newest;
    const isSilent = performance.now() - this.sequence.toldAt >= suspiciousSilence;
    if (isSilent && this.#asking === undefined) {
      this.#asking = new AbortController();
      void this.#ask(line, this.#asking.signal);
    }
    this.listen(line);
  }

  /**
   * Asks the history for what the line should tell next. When there is nothing soon, a new line takes over, which has not
   * told so much: what a line in doubt has had nothing to tell of cannot be taken for known, and leaves the history.
   */
  async #ask(line: Line, signal: AbortSignal): Promise<void> {
    const { told, endpoint } = line;
    const ending = AbortSignal.any([signal, AbortSignal.timeout(longestDoubt)]);
    const poll = this.lines.poll(this.#position + 1, { member: endpoint, signal: ending });
    const found = await poll.catch(() => undefined);
    // The line may be about to tell it.
    await sleep(suspiciousSilence, undefined, { ref: false });
    await immediate();
    if (signal.aborted) return;
    this.#asking = undefined;
    if (line.told === told) this.onDeaf(found?.event !== undefined);
  }

  get #position(): number {
    return this.sequence.position ?? 0;
  }
}
