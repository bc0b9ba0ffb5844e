/**
 * Holds a lock, or leads, until it is killed.
 *
 * Arguments: the client's file, an address, `lock` or `election`, its name, the TTL in seconds.
 */
const [file, hosts, kind, name, seconds] = process.argv.slice(2);
const { EtcdClient } = await import(file);

process.stdin.resume().once('end', () => process.exit(1));
const client = new EtcdClient({ hosts });
const ttl = Number(seconds);
const { key } = await (kind === 'lock'
  ? client.lock(name, { ttl }).acquire()
  : client.election(name, { ttl }).campaign(String(process.pid)));
process.stdout.write(`holds ${JSON.stringify(key)}\n`);
