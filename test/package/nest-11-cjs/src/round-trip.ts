import type { INestApplication } from '@nestjs/common';

import { Journal } from './journal';

/**
 * Writes a value through the application's HTTP routes, and resolves to what they read back, once its watch has told of
 * it through a guard and a filter.
 */
export async function roundTrip(app: INestApplication, key: string, value: string): Promise<unknown> {
  await app.listen(0, '127.0.0.1');
  const journal = app.get(Journal);
  await journal.has('guard etcd');
  const url = `${await app.getUrl()}/values/${key}`;
  const written = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value }),
  });
  if (!written.ok) throw new Error(`PUT ${url}: ${written.status} ${await written.text()}`);
  await journal.has(`filter etcd /${key}`);
  const read = await fetch(url);
  return read.json();
}

/** Asks for the locked route, and for what the leader has done. */
export async function locked(app: INestApplication): Promise<unknown[]> {
  const url = `${await app.getUrl()}/locked`;
  const answers = [await fetch(url, { method: 'POST' }), await fetch(`${url}/term`)];
  return Promise.all(answers.map((answer) => answer.json()));
}

export const lockedAnswers = [{ lock: 'locked', job: 'a under jobs/a' }, { isNegative: true }];
