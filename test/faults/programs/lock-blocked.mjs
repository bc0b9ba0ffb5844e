/**
 * Holds two locks in a process that does not get to run for longer than their TTL, and tells how it learns of that: `looked`
 * is what `isHeld` of the one says, and `told` when the signal of the other, at which nobody looks, is aborted. Times are on the
 * clock that all processes of the machine share.
 *
 * Arguments: the client's file, an address, `loop` to block by itself or `stop` to be stopped from outside. Standard input: a line
 * for each time, and its end.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const [file, hosts, way] = process.argv.slice(2);
const { EtcdClient } = await import(file);

const say = (word, value) => process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
const now = () => Number(process.hrtime.bigint()) / 1e6;

const client = new EtcdClient({ hosts });
const ttl = 1;
const longest = 1_200;
for await (const _ of process.stdin) {
  const looked = await client.lock('looked', { ttl }).acquire();
  const told = await client.lock('told', { ttl }).acquire();
  const end = new Promise((resolve) => told.signal.addEventListener('abort', () => resolve(now())));
  const { isHeld } = looked;
  // Somewhere between two renewals.
  await sleep(Math.random() * 1_000);
  let awake = now();
  say('blocked', awake);
  if (way === 'loop') {
    while (now() - awake < longest);
    awake = now();
    say('figures', { before: isHeld, isHeld: looked.isHeld, awake, told: await end });
  } else {
    // Looks until it finds that it has not run for a while.
    for (let last = awake; (awake = now()) - last < longest / 2; last = awake)
      await new Promise((resolve) => setImmediate(resolve));
    say('figures', { before: isHeld, isHeld: looked.isHeld, awake, told: await end });
  }
  await Promise.all([looked.release(), told.release()]);
}
await client.close();
