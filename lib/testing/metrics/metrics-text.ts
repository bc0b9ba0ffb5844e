import type { Member } from '../cluster/index.js';
import { buckets, type Durations, type RequestMetrics } from './request-metrics.js';

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What follows the name: labels and a value. */
  readonly samples: readonly string[];
}

/** The part of `/metrics` that tells of the v2 API and of raft, in the text format of Prometheus. */
export function metricsText(member: Member): string {
  const families = [...clusterFamilies(member), ...requestFamilies(member.metrics), ...storeFamilies(member)];
  return families
    .filter(({ samples }) => samples.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, help, type, samples }) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map((sample) => `${name}${sample}`),
        '',
      ].join('\n'),
    )
    .join('');
}

function clusterFamilies(member: Member): Family[] {
  const { cluster, leader, raftIndex } = member;
  const { version } = cluster.options;
  const one = (name: string, help: string, type: Family['type'], value: number): Family => ({
    name: `etcd_server_${name}`,
    help,
    type,
    samples: [` ${value}`],
  });
  return [
    {
      name: 'etcd_cluster_version',
      help: "Which version is running. 1 for 'cluster_version' label with current cluster version",
      type: 'gauge',
      samples: [`{cluster_version="${version.replace(/^(\d+\.\d+)\..*$/, '$1')}"} 1`],
    },
    {
      name: 'etcd_server_version',
      help: "Which version is running. 1 for 'server_version' label with current version.",
      type: 'gauge',
      samples: [`{server_version="${version}"} 1`],
    },
    one(
      'has_leader',
      'Whether or not a leader exists. 1 is existence, 0 is not.',
      'gauge',
      Number(leader !== undefined),
    ),
    one(
      'is_leader',
      'Whether or not this member is a leader. 1 if is, 0 otherwise.',
      'gauge',
      Number(leader === member),
    ),
    one('leader_changes_seen_total', 'The number of leader changes seen.', 'counter', cluster.raft.term - 1),
    one('proposals_applied_total', 'The total number of consensus proposals applied.', 'gauge', raftIndex),
    one(
      'proposals_committed_total',
      'The total number of consensus proposals committed.',
      'gauge',
      raftIndex,
    ),
    one(
      'proposals_failed_total',
      'The total number of failed proposals seen.',
      'counter',
      cluster.raft.failedProposals,
    ),
    one(
      'proposals_pending',
      'The current number of pending proposals to commit.',
      'gauge',
      cluster.raft.pendingProposals,
    ),
  ];
}

function requestFamilies({ received, failed, durations }: RequestMetrics): Family[] {
  return [
    {
      name: 'etcd_http_received_total',
      help: 'Counter of requests received into the system (successfully parsed and authd).',
      type: 'counter',
      samples: [...received].map(([method, count]) => `{method="${method}"} ${count}`).sort(),
    },
    {
      name: 'etcd_http_failed_total',
      help: 'Counter of handle failures of requests (non-watches), by method (GET/PUT etc.) and code (400, 500 etc.).',
      type: 'counter',
      samples: [...failed].map(([labels, count]) => `{${labels}} ${count}`).sort(),
    },
    {
      name: 'etcd_http_successful_duration_seconds',
      help: 'Bucketed histogram of processing time (s) of successfully handled requests (non-watches), by method (GET/PUT etc.).',
      type: 'histogram',
      samples: [...durations.keys()]
        .sort()
        .flatMap((method) => durationSamples(method, durations.get(method))),
    },
  ];
}

function durationSamples(method: string, durations: Durations | undefined): string[] {
  if (durations === undefined) return [];
  let below = 0;
  const samples = durations.counts.map((each, i) => {
    below += each;
    return `_bucket{method="${method}",le="${buckets[i]}"} ${below}`;
  });
  samples.push(
    `_bucket{method="${method}",le="+Inf"} ${durations.count}`,
    `_sum{method="${method}"} ${durations.sum}`,
    `_count{method="${method}"} ${durations.count}`,
  );
  return samples;
}

const writeKinds = ['compareAndDelete', 'compareAndSwap', 'create', 'delete', 'sets', 'update'] as const;

function storeFamilies({ store }: Member): Family[] {
  const { stats, recursiveReads } = store;
  const reads = { get: stats.getsSuccess + stats.getsFail - recursiveReads, getRecursive: recursiveReads };
  const writes = writeKinds.map(
    (kind) => [kind === 'sets' ? 'set' : kind, stats[`${kind}Success`] + stats[`${kind}Fail`]] as const,
  );
  const byAction = (counts: readonly (readonly [string, number])[]): string[] =>
    counts.filter(([, count]) => count > 0).map(([action, count]) => `{action="${action}"} ${count}`);
  const family = (name: string, help: string, type: Family['type'], samples: string[]): Family => ({
    name: `etcd_debugging_store_${name}`,
    help,
    type,
    samples,
  });
  return [
    family(
      'reads_total',
      'Total number of reads action by (get/getRecursive), local to this member.',
      'counter',
      byAction(Object.entries(reads)),
    ),
    family(
      'writes_total',
      'Total number of writes (e.g. set/compareAndDelete) seen by this member.',
      'counter',
      byAction(writes),
    ),
    family('expires_total', 'Total number of expired keys.', 'counter', [` ${stats.expireCount}`]),
    family(
      'watch_requests_total',
      'Total number of incoming watch requests (new or reestablished).',
      'counter',
      [` ${store.watchRequests}`],
    ),
    family('watchers', 'Count of currently active watchers.', 'gauge', [` ${store.watchers}`]),
  ];
}
