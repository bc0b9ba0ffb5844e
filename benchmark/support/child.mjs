import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { serve } from './serve.mjs';
import { value } from './workload.mjs';

// The process of one contender. It runs one block after the other as it is told, and says what each has cost.

const [, , file, target] = process.argv;
const { connect } = await import(file);
/** @type {import('./workload.mjs').Client} */
const client = await connect(JSON.parse(target));

/** Keeps so many operations in flight for so long, and gives how many were done. */
async function drive(operation, inFlight, milliseconds) {
  const send = client[operation];
  const end = performance.now() + milliseconds;
  let operations = 0;
  const lane = async () => {
    while (performance.now() < end) {
      if ((await send()) !== value) throw new Error(`${operation} gave another value than was written`);
      operations++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return operations;
}

async function block({ operation, inFlight, seconds }) {
  // Connections are opened and code is compiled before the clock starts.
  await drive(operation, inFlight, seconds * 200);
  await sleep(10);
  const start = performance.now();
  const cpu = process.cpuUsage();
  const operations = await drive(operation, inFlight, seconds * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  const elapsed = (performance.now() - start) / 1_000;
  return { opsPerSecond: operations / elapsed, cpu: ((user + system) / 1e6 / operations) * 10_000 };
}

serve(block);
