import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { answersHealth } from './run-etcd.mjs';

/** Where the processes that share an etcd find each other: in this clone. */
const directory = fileURLToPath(new URL('../node_modules/.cache/quickstart', import.meta.url));
const owner = join(directory, 'etcd.json');

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The address of an etcd that another process of this clone runs. */
async function findOther() {
  try {
    const { url, pid } = JSON.parse(readFileSync(owner, 'utf8'));
    return isAlive(pid) && (await answersHealth(url)) ? url : undefined;
  } catch {
    return undefined;
  }
}

function isUsedByOthers() {
  return readdirSync(directory).some((name) => {
    const [, pid] = /^joined-(\d+)$/.exec(name) ?? [];
    return pid !== undefined && isAlive(Number(pid));
  });
}

/**
 * Joins the embedded etcd that another process of this clone runs, or runs one that others can join. Who runs it stops it when the last
 * one that has joined has ended.
 *
 * @returns {Promise<{ url: string, isJoined: boolean, isShared: () => boolean, stop: (hurry: AbortSignal) => Promise<void> }>}
 *   `hurry` stops it although others use it.
 */
export async function joinEtcd() {
  mkdirSync(directory, { recursive: true });
  const other = await findOther();
  if (other !== undefined) {
    const place = join(directory, `joined-${process.pid}`);
    writeFileSync(place, '');
    const leave = () => rmSync(place, { force: true });
    process.once('exit', leave);
    return { url: other, isJoined: true, isShared: () => false, stop: async () => leave() };
  }
  // Only now, because it is built first.
  const { EmbeddedEtcd } = await import('../dist/esm/testing/index.js');
  const server = await EmbeddedEtcd.start();
  const { url } = server;
  if ((await findOther()) !== undefined) {
    // Another one has begun at the same time.
    await server.stop();
    return joinEtcd();
  }
  writeFileSync(owner, JSON.stringify({ url, pid: process.pid }));
  return {
    url,
    isJoined: false,
    isShared: isUsedByOthers,
    stop: async (hurry) => {
      while (isUsedByOthers() && !hurry.aborted) await sleep(100);
      rmSync(owner, { force: true });
      await server.stop();
    },
  };
}
