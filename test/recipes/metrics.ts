import { subscribeEtcd, type EtcdClientIdentity } from 'nestjs-etcd';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Measures what all etcd clients of the process do. Returns what ends that. */
export function measureEtcd(registry: Registry): () => void {
  const registers = [registry];
  const seconds = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 60];
  const of = ({ name = 'default' }: EtcdClientIdentity) => ({ connection: name });

  const operations = new Histogram({
    name: 'etcd_operation_duration_seconds',
    help: 'Calls of the API, over all of their requests; code is empty for those that succeed.',
    labelNames: ['connection', 'operation', 'code'],
    buckets: seconds,
    registers,
  });
  const requests = new Histogram({
    name: 'etcd_request_duration_seconds',
    help: 'Requests to one member; status is empty without a whole answer.',
    labelNames: ['connection', 'endpoint', 'method', 'status'],
    buckets: seconds,
    registers,
  });
  const doubtful = new Counter({
    name: 'etcd_indeterminate_writes_total',
    help: 'Writes that may or may not have been applied.',
    labelNames: ['connection', 'operation'],
    registers,
  });
  const failovers = new Counter({
    name: 'etcd_failovers_total',
    help: 'Changes to another member after a failure.',
    labelNames: ['connection'],
    registers,
  });
  const clusterUp = new Gauge({
    name: 'etcd_cluster_up',
    help: '0 while no member answers; absent before the first loss.',
    labelNames: ['connection'],
    registers,
  });
  const watchEvents = new Counter({
    name: 'etcd_watch_events_total',
    help: 'What watches have told; a resync has its reason.',
    labelNames: ['connection', 'action', 'reason'],
    registers,
  });
  const lossesOfLeases = new Counter({
    name: 'etcd_leases_lost_total',
    help: 'Leases, locks and leaderships that were lost.',
    labelNames: ['connection', 'loss'],
    registers,
  });
  const lockWaits = new Histogram({
    name: 'etcd_lock_wait_seconds',
    help: 'Waiting for locks; code is empty where the lock was acquired.',
    labelNames: ['connection', 'code'],
    buckets: seconds,
    registers,
  });
  const locksHeld = new Gauge({
    name: 'etcd_locks_held',
    help: 'Locks that are held at the moment.',
    labelNames: ['connection'],
    registers,
  });
  const leads = new Gauge({
    name: 'etcd_election_leads',
    help: 'Whether this process leads.',
    labelNames: ['connection', 'election'],
    registers,
  });

  const stops = [
    subscribeEtcd('nestjs-etcd:operation:end', ({ client, operation, duration }) =>
      operations.observe({ ...of(client), operation, code: '' }, duration / 1_000),
    ),
    subscribeEtcd('nestjs-etcd:operation:error', ({ client, operation, code, duration, indeterminate }) => {
      operations.observe({ ...of(client), operation, code }, duration / 1_000);
      if (indeterminate) doubtful.inc({ ...of(client), operation });
    }),
    subscribeEtcd('nestjs-etcd:request:end', ({ client, endpoint, method, status, duration }) =>
      requests.observe({ ...of(client), endpoint, method, status }, duration / 1_000),
    ),
    subscribeEtcd('nestjs-etcd:request:error', ({ client, endpoint, method, duration }) =>
      requests.observe({ ...of(client), endpoint, method, status: '' }, duration / 1_000),
    ),
    subscribeEtcd('nestjs-etcd:cluster:failover', ({ client }) => failovers.inc(of(client))),
    subscribeEtcd('nestjs-etcd:cluster:lost', ({ client }) => clusterUp.set(of(client), 0)),
    subscribeEtcd('nestjs-etcd:cluster:back', ({ client }) => clusterUp.set(of(client), 1)),
    subscribeEtcd('nestjs-etcd:watch:event', ({ client, action }) =>
      watchEvents.inc({ ...of(client), action, reason: '' }),
    ),
    subscribeEtcd('nestjs-etcd:watch:resync', ({ client, reason }) =>
      watchEvents.inc({ ...of(client), action: 'resync', reason }),
    ),
    subscribeEtcd('nestjs-etcd:lease:lost', ({ client, loss }) =>
      lossesOfLeases.inc({ ...of(client), loss }),
    ),
    subscribeEtcd('nestjs-etcd:lock:held', ({ client, waited }) => {
      lockWaits.observe({ ...of(client), code: '' }, waited / 1_000);
      locksHeld.inc(of(client));
    }),
    subscribeEtcd('nestjs-etcd:lock:failed', ({ client, waited, code }) =>
      lockWaits.observe({ ...of(client), code }, waited / 1_000),
    ),
    subscribeEtcd('nestjs-etcd:lock:released', ({ client }) => locksHeld.dec(of(client))),
    subscribeEtcd('nestjs-etcd:election:elected', ({ client, name }) =>
      leads.set({ ...of(client), election: name }, 1),
    ),
    subscribeEtcd('nestjs-etcd:election:ended', ({ client, name }) =>
      leads.set({ ...of(client), election: name }, 0),
    ),
  ];
  return () => stops.forEach((stop) => stop());
}
