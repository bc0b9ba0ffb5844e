/**
 * Holds a lock again and again, each time for a section that reads two counters, waits and writes them. It does not look
 * whether it still holds the lock: who is stopped between a look and a write does not know either. Tells each section.
 *
 * Arguments: the client's file, addresses separated by commas, the counters' address. Standard input: a line, when it is
 * enough.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [file, hosts, counters] = process.argv.slice(2);
const { EtcdClient } = await import(file);

const say = (word, value) => process.stdout.write(`${word} ${JSON.stringify(value)}\n`);
const asked = { end: false };
process.stdin.once('data', () => (asked.end = true)).once('end', () => process.exit(1));

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** @returns the number, or `undefined` when the token was refused */
function ask(counter, token, value) {
  const query = `token=${token}&pid=${process.pid}${value === undefined ? '' : `&value=${value}`}`;
  return new Promise((resolve, reject) => {
    const asking = request(`${counters}/${counter}?${query}`, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? Number(text) : undefined));
    });
    asking.on('error', reject).end();
  });
}

const client = new EtcdClient({ hosts: hosts.split(',') });
const lock = client.lock('fenced', { ttl: 2 });
say('ready', process.pid);
while (!asked.end) {
  let held;
  try {
    held = await lock.acquire();
  } catch ({ code }) {
    say('failed', code);
    await sleep(100);
    continue;
  }
  const { fencingToken: token } = held;
  const section = { token, accepted: 0, refused: 0, refusedWhileHeld: 0 };
  const note = (answer) => {
    if (answer !== undefined) return;
    section.refused++;
    // A successor has been there, while this one knows itself to be the holder.
    if (held.isHeld) section.refusedWhileHeld++;
  };
  const fenced = await ask('fenced', token);
  note(fenced);
  const bare = await ask('bare', token);
  await sleep(5 + Math.random() * 35);
  if (fenced !== undefined) {
    const written = await ask('fenced', token, fenced + 1);
    note(written);
    if (written !== undefined) section.accepted++;
  }
  await ask('bare', token, bare + 1);
  await held.release();
  say('section', section);
}
await client.close();
agent.destroy();
process.stdin.destroy();
