/**
 * Holds a lock again and again, and tells from when to when it believed to, on the clock that all processes of the machine
 * share. It looks every 50 ms, and knows by the clock when it is lost: a timer that tells it comes later where the process stood
 * still. Whether that tells it in time is for others to show.
 *
 * Arguments: the client's file, an address, the TTL in seconds. Standard input: a line `long`, after which one section lasts until
 * the lock is lost and is told at its beginning, and a line `end`.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [file, hosts, ttl] = process.argv.slice(2);
const { EtcdClient } = await import(file);

const say = (word, value) => process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
const now = () => Number(process.hrtime.bigint()) / 1e6;
const asked = { long: false, end: false };
createInterface(process.stdin)
  .on('line', (line) => (asked[line] = true))
  .on('close', () => asked.end || process.exit(1));

const client = new EtcdClient({ hosts, sync: false });
const lock = client.lock('tenures', { ttl: Number(ttl) });
say('ready', process.pid);
while (!asked.end) {
  let held;
  try {
    held = await lock.acquire();
  } catch ({ code }) {
    say('failed', code);
    await sleep(50);
    continue;
  }
  const from = now();
  if (!held.isHeld) {
    say('late', held.key);
    continue;
  }
  const tenure = { who: String(process.pid), token: held.fencingToken, from };
  let deadline = Infinity;
  const look = () => held.isHeld && (deadline = now() + held.remaining);
  look();
  const looking = setInterval(look, 50);
  const lost = new Promise((resolve) => {
    held.signal.addEventListener('abort', () => {
      tenure.to = Math.min(now(), deadline);
      tenure.loss = held.signal.reason.loss;
      resolve();
    });
  });
  const { long: isLong } = asked;
  asked.long = false;
  if (isLong) say('long', process.pid);
  await (isLong ? lost : Promise.race([lost, sleep(Math.random() * 20)]));
  clearInterval(looking);
  look();
  tenure.to ??= now();
  const released = held.release();
  say('tenure', tenure);
  await released;
}
await client.close();
process.stdin.destroy();
