/** One promise of a contract. It is for any test runner: a promise that is broken rejects with an `AssertionError`. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Makes cases of functions that all need the same. */
export function casesFor<T>(
  make: () => T | Promise<T>,
  promises: Readonly<Record<string, (subject: T) => Promise<void>>>,
): ContractCase[] {
  return Object.entries(promises).map(([name, keep]) => ({ name, run: async () => keep(await make()) }));
}
