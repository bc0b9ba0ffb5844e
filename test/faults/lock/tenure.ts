/** One uninterrupted time in which somebody held a lock or led, in milliseconds of one clock. */
export interface Tenure {
  readonly who: string;
  /** The fencing token, or the term. */
  readonly token: number;
  readonly from: number;
  readonly to: number;
  /** Why it was lost; `undefined` when it was given back. */
  readonly loss?: string | undefined;
}

export interface Overlap {
  readonly first: Tenure;
  readonly second: Tenure;
  readonly milliseconds: number;
}

/** Where somebody's time has begun before that of another was over, whoever came first. */
export function overlaps(tenures: readonly Tenure[]): Overlap[] {
  const found: Overlap[] = [];
  const sorted = tenures.toSorted((one, other) => one.from - other.from);
  let last: Tenure | undefined;
  for (const tenure of sorted) {
    if (last !== undefined && tenure.from < last.to)
      found.push({ first: last, second: tenure, milliseconds: last.to - tenure.from });
    if (last === undefined || tenure.to > last.to) last = tenure;
  }
  return found;
}

/** The tokens, in the order in which their times began, that are not higher than the one before. */
export function steps(tenures: readonly Tenure[]): number[] {
  const tokens = tenures.toSorted((one, other) => one.from - other.from).map(({ token }) => token);
  return tokens.filter((token, i) => i > 0 && token <= (tokens[i - 1] ?? 0));
}

/** Milliseconds of the steady clock that all processes of the machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
