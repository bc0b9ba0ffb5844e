import type { INestApplication } from '@nestjs/common';

/** Writes a value through the application's HTTP routes, and resolves to what they read back. */
export async function roundTrip(app: INestApplication, key: string, value: string): Promise<unknown> {
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/values/${key}`;
  const written = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value }),
  });
  if (!written.ok) throw new Error(`PUT ${url}: ${written.status} ${await written.text()}`);
  const read = await fetch(url);
  return read.json();
}
