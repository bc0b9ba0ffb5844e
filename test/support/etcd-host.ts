/** What an `EtcdMember` runs in: a process of its own, or this one. */
export interface EtcdHost {
  /** Where it keeps its data; empty if it keeps none. */
  readonly directory: string;
  readonly pid: number | undefined;
  /** The end of what it has logged. */
  readonly log: string;
  /** Whether it has ended by itself, or was ended. */
  readonly isDown: boolean;
  /** Starts it, again with the same data, and resolves before it serves. */
  launch(): Promise<void>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  pause(): void;
  resume(): void;
  /** Removes its data. */
  clear(): void;
}
