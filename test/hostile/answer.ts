import { type Step } from './hostile-server.js';

/** One hostile answer, and what an honest reader could get out of it. */
export interface Answer {
  readonly kind: string;
  readonly steps: readonly Step[];
  /** The text of every answer that is whole; a result may hold nothing else. */
  readonly bodies: readonly string[];
  /** The statuses of the answers. */
  readonly statuses: readonly number[];
}

export const send = (bytes: Buffer | string): Step => ({
  do: 'send',
  bytes: Buffer.from(bytes as string, 'latin1'),
});
export const sendBytes = (...bytes: Buffer[]): Step => ({ do: 'send', bytes: Buffer.concat(bytes) });
