import type { Member } from '../cluster/index.js';
import { formatTime } from '../store/index.js';

/** Answers `/v2/stats/store`. */
export function storeStats({ store }: Member): string {
  return JSON.stringify({ ...store.stats, watchers: store.watchers });
}

/** Answers `/v2/stats/self`. Who has lost the leader says that it leads: etcd's own flaw (protocol page, 4.3). */
export function selfStats(member: Member): string {
  const { id, name, startTime, raftIndex, cluster } = member;
  const leader = member.leader ?? member;
  const isLeader = leader === member;
  const start = formatTime(startTime);
  return JSON.stringify({
    name,
    id,
    state: isLeader ? 'StateLeader' : 'StateFollower',
    startTime: start,
    leaderInfo: {
      leader: leader.id,
      uptime: formatDuration(cluster.options.clock.now() - startTime),
      startTime: start,
    },
    recvAppendRequestCnt: isLeader ? 0 : raftIndex,
    sendAppendRequestCnt: isLeader ? raftIndex * (cluster.members.length - 1) : 0,
  });
}

/** Between members of one process there is next to none, in ms. */
const latency = { current: 0.001, average: 0.001, standardDeviation: 0, minimum: 0.001, maximum: 0.001 };

/** Answers `/v2/stats/leader`; `undefined` where it does not lead. */
export function leaderStats(member: Member): string | undefined {
  if (member.leader !== member) return undefined;
  const others = member.cluster.members.filter((each) => each !== member);
  const followers = others.map(({ id, raftIndex }) => [
    id,
    { latency, counts: { fail: 0, success: raftIndex } },
  ]);
  return JSON.stringify({ leader: member.id, followers: Object.fromEntries(followers) as unknown });
}

/** A duration as Go writes it: `1h2m3.5s`, and below a second `12.5ms`, `12.5µs` or `12ns`. A byte string. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const units = [
    [1_000n, 1n, 'ns'],
    [1_000_000n, 1_000n, '\u00c2\u00b5s'],
    [1_000_000_000n, 1_000_000n, 'ms'],
  ] as const;
  for (const [below, unit, name] of units)
    if (nanoseconds < below) return `${decimal(nanoseconds, unit)}${name}`;
  const minute = 60_000_000_000n;
  const hours = nanoseconds / (60n * minute);
  const minutes = (nanoseconds / minute) % 60n;
  const seconds = `${decimal(nanoseconds % minute, 1_000_000_000n)}s`;
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

function decimal(value: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1;
  const fraction = digits === 0 ? '' : (value % unit).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}
