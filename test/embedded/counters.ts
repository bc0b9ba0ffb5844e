import { isDeepStrictEqual } from 'node:util';

import { waitFor } from '../support/wait-for.js';
import type { Party } from './exchange.js';

/** What a server has counted, which counts no questions for it. */
export async function countersOf(party: Party): Promise<Record<string, number>> {
  const { body } = await party.ask('GET /v2/stats/store');
  return JSON.parse(body) as Record<string, number>;
}

/** Waits until two servers have as many watchers: they remove those of a connection a moment after its end. */
export async function watchersSettle(parties: readonly Party[]): Promise<void> {
  const areEqual = async (): Promise<boolean> => {
    const [one, other] = await Promise.all(parties.map(countersOf));
    return one?.['watchers'] === other?.['watchers'];
  };
  // That they differ for good is for the comparison to say.
  await waitFor(areEqual, { timeout: 5_000 }).catch(() => undefined);
}

/** Asks the embedded server after its health as often as the real one was asked, to find out whether it serves. */
export async function askForHealthAsOften(real: Party, embedded: Party): Promise<void> {
  for (let left = 20; left > 0; left--) {
    await embedded.ask('GET /health');
    const [wanted, got] = await Promise.all([real, embedded].map(countersOf));
    if (isDeepStrictEqual(got, wanted)) return;
  }
  throw new Error('The servers do not count the same at first');
}
