import process from 'node:process';

import { serve } from '../serve.mjs';
import { Consumer } from './consumer.mjs';

// The process of one watcher. For each block it is told to begin before the first write, and to finish after the last.

const [, , file, target] = process.argv;
const { connect } = await import(file);
/** @type {import('./workload.mjs').Watch} */
const client = await connect(JSON.parse(target));

let consumer;
let stop;
let cpu;

async function begin({ directory, keys }) {
  consumer = new Consumer(keys);
  stop = await client.watch(directory, consumer);
  cpu = process.cpuUsage();
}

async function finish({ patience }) {
  const told = await consumer.finish(patience);
  const { user, system } = process.cpuUsage(cpu);
  await stop();
  return { ...told, cpu: (user + system) / 1e6 };
}

const tasks = { begin, finish };
serve(({ task, ...message }) => tasks[task](message));
