/**
 * 50 callers who ask a dead cluster again and again. After the given time it writes how often, and how much CPU that
 * took; then when the first call succeeded; and then it ends.
 *
 * Arguments: the client's file, addresses separated by commas, milliseconds.
 */
const [file, hosts, duration] = process.argv.slice(2);
const { EtcdClient } = await import(file);

const client = new EtcdClient({ hosts: hosts.split(',') });
const codes = {};
let back = 0;
const callers = Array.from({ length: 50 }, async (_, i) => {
  while (back === 0) {
    try {
      await (i % 2 === 0 ? client.get('/key') : client.set('/key', String(i)));
      back ||= Date.now();
    } catch ({ code }) {
      codes[code] = (codes[code] ?? 0) + 1;
    }
  }
});
const used = process.cpuUsage();
setTimeout(() => {
  const { user, system } = process.cpuUsage(used);
  const cpu = (user + system) / 1_000 / Number(duration);
  process.stdout.write(`figures ${JSON.stringify({ cpu, codes })}\n`);
}, Number(duration));
await Promise.all(callers);
process.stdout.write(`back ${back}\n`);
await client.close();
