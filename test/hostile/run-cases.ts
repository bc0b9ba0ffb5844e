import { inspect } from 'node:util';

import * as fc from 'fast-check';
import { EtcdClient, EtcdError, type EtcdHealth, EtcdOptionsError } from 'nestjs-etcd/client';

import { hostileCase, type HostileCase } from './hostile-answers.js';
import { secrets } from './hostile-operations.js';
import { HostileServer } from './hostile-server.js';

/** What came of many hostile answers. */
export interface CaseReport {
  cases: number;
  results: number;
  /** How often each code of an error was met. */
  codes: Record<string, number>;
  /** How late the last call ended after its deadline, in ms, less what this process itself was late. */
  latest: number;
  /** What was wrong, case by case; to be empty. */
  faults: string[];
}

const timeout = 200;
/** How much later than its deadline a call may end. */
const slack = 150;

const credentials = { username: 'root', password: secrets.password };
/** The secrets in every form in which they are sent. */
const forms = [
  ...Object.values(secrets).flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
  ]),
  Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64'),
  'canary',
];
const hello = '{"members":[]}';
const goodHello = Buffer.from(
  `HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: ab\r\nContent-Length: ${hello.length}\r\n\r\n${hello}`,
);

/**
 * Runs one client against each hostile answer, some at a time: of many, each has less of the processor, and more of them
 * end because there was no answer in time.
 */
export async function runHostileCases(count: number, seed: number, workers: number): Promise<CaseReport> {
  const report: CaseReport = { cases: 0, results: 0, codes: {}, latest: -timeout, faults: [] };
  const cases = fc.sample(hostileCase, { numRuns: count, seed }).values();
  await using lag = new Lag();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      await using server = await HostileServer.start(goodHello);
      for (const hostile of cases) {
        const fault = (what: string) =>
          report.faults.push(`${hostile.operation.name}, ${hostile.kind}: ${what}`);
        server.begin(hostile.script);
        await runCase(hostile, server, lag, report, fault);
      }
    }),
  );
  for (const name of ['polluted', 'then', 'node', 'errorCode'])
    if (name in Object.prototype) report.faults.push(`Object.prototype has got ${name}`);
  return report;
}

async function runCase(
  hostile: HostileCase,
  server: HostileServer,
  lag: Lag,
  report: CaseReport,
  fault: (what: string) => void,
): Promise<void> {
  const { operation, statuses } = hostile;
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const etcd = new EtcdClient({
    hosts: server.url,
    timeout,
    tryTimeout: 90,
    auth: credentials,
    maxResponseBytes: 500_000,
    logger: { log: write, warn: write, error: write },
  });
  const start = performance.now();
  const lagged = lag.total;
  let outcome: { result: unknown } | { error: unknown };
  try {
    outcome = { result: await operation.run(etcd, '/a') };
  } catch (error) {
    outcome = { error };
  }
  const late = performance.now() - start - timeout - (lag.total - lagged);
  report.latest = Math.max(report.latest, late);
  if (late > slack) fault(`ended ${Math.round(late)} ms after its deadline`);
  await etcd.close();
  report.cases++;

  if ('error' in outcome) {
    const { error } = outcome;
    if (!(error instanceof EtcdError) || error instanceof EtcdOptionsError)
      fault(`not a typed error: ${inspect(error)}`);
    else {
      report.codes[error.code] = (report.codes[error.code] ?? 0) + 1;
      const refused =
        statuses.some((code) => code >= 300 && code < 500) || error.code === 'ETCD_CLUSTER_ID_CHANGED';
      if (operation.once && server.requests.length > 0 && !error.mayHaveBeenApplied && !refused)
        fault(`was sent, and is said not to have been applied: ${error.message}`);
    }
    const shown = everythingShown(error);
    for (const form of forms) if (shown.includes(form)) fault(`shows ${form}: ${shown.slice(0, 2_000)}`);
  } else {
    report.results++;
    const { result } = outcome;
    checkResult(hostile, result, fault);
  }
  // One that was refused has changed nothing, and may be sent again when the reason was cut short.
  const refusedEachTime = statuses.every((code) => code >= 300 && code < 500) && statuses.length > 0;
  if (operation.once && server.requests.length > 1 && !refusedEachTime)
    fault(`was sent ${server.requests.length} times`);
  for (const form of forms) {
    if (lines.join().includes(form)) fault(`logs ${form}`);
    if (server.requests.join().includes(form) && !operation.name.startsWith('compareAndDelete'))
      fault(`puts ${form} into a URL`);
  }
}

/** A result is to be found in a good answer; and health is not claimed without one. */
function checkResult(
  { operation, kind, statuses, bodies }: HostileCase,
  result: unknown,
  fault: (what: string) => void,
): void {
  const isGood = statuses.some((code) => code >= 200 && code < 300);
  if (operation.name === 'health') {
    const says = statuses.includes(200) && bodies.some((body) => /"health":\s*("true"|true)/.test(body));
    if ((result as EtcdHealth).healthy && !says) fault('is said to be healthy');
    return;
  }
  // `find` has nothing for a key that is not there; and who removes something gets no text.
  const isAbsent = operation.name === 'find' && result === undefined && statuses.some((code) => code >= 300);
  if (!isAbsent && !isGood) fault(`gave a result without a good status: ${inspect(result)}`);
  // Half a greeting goes on with the answers behind it, and a list of machines takes any text.
  if (operation.name === 'machines' && kind.endsWith('before the question')) return;
  if (result !== undefined && !bodies.some((body) => holds(body, result, operation.name === 'machines')))
    fault(`gave what is not in the answer: ${inspect(result, { depth: 9 })}`);
}

/** Everything that any way of printing it shows of an error and its causes. */
function everythingShown(error: unknown): string {
  const shown = [
    inspect(error, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  ];
  for (
    let link = error;
    link instanceof Error || (typeof link === 'object' && link !== null);
    link = (link as Error).cause
  )
    shown.push(String(link), JSON.stringify(link), String((link as Error).stack));
  return shown.join('\n');
}

/** Whether every text and number of a result stands in a body, but for the few that stand for "absent". */
function holds(body: string, result: unknown, isList: boolean): boolean {
  const given = new Set<unknown>(['/', 0, '', false, true, undefined, 'create']);
  if (isList) for (const part of body.split(',')) given.add(part.trim());
  else {
    try {
      collect(JSON.parse(body), given);
    } catch {
      return false;
    }
  }
  const held = new Set<unknown>();
  if (typeof result === 'object' && result !== null && 'etcdIndex' in result) {
    // These come out of the headers.
    const { etcdIndex, raftIndex, raftTerm, clusterId, created, ...rest } = result as Record<string, unknown>;
    if (
      [etcdIndex, raftIndex, raftTerm].some((index) => !Number.isSafeInteger(index)) ||
      typeof clusterId !== 'string' ||
      typeof created !== 'boolean'
    )
      return false;
    collect(rest, held);
  } else collect(result, held);
  return [...held].every((leaf) => given.has(leaf));
}

function collect(value: unknown, leaves: Set<unknown>): void {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'object' && next !== null) for (const child of Object.values(next)) open.push(child);
    else leaves.add(next);
  }
}

/** How late the timers of this process are in all: what a busy machine adds to a call is not the call's fault. */
class Lag implements AsyncDisposable {
  private past = 0;
  private due = performance.now() + 10;
  private readonly timer = setInterval(() => {
    this.past = this.total;
    this.due = performance.now() + 10;
  }, 10);

  get total(): number {
    return this.past + Math.max(0, performance.now() - this.due);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.timer);
  }
}
