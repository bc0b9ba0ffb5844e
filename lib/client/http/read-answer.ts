import type { HttpAnswer } from './request.js';

const letterX = 'x'.charCodeAt(0);
const lowerCase = 0x20;

/**
 * The answer with etcd's headers. It picks them out of the raw pairs by their first letter or their length, because most
 * are of no interest.
 */
export function readAnswer(status: number, headers: readonly Buffer[], body: string): HttpAnswer {
  let clusterId: string | undefined;
  let etcdIndex: number | undefined;
  let raftIndex: number | undefined;
  let raftTerm: number | undefined;
  let location: string | undefined;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as Buffer;
    const value = headers[i + 1] as Buffer;
    if (((name[0] as number) | lowerCase) === letterX) {
      const word = name.toString('latin1').toLowerCase();
      if (word === 'x-etcd-cluster-id') clusterId = readClusterId(value);
      else if (word === 'x-etcd-index') etcdIndex = readIndex(value);
      else if (word === 'x-raft-index') raftIndex = readIndex(value);
      else if (word === 'x-raft-term') raftTerm = readIndex(value);
    } else if (name.length === 8 && name.toString('latin1').toLowerCase() === 'location')
      location = value.toString('latin1');
  }
  return { kind: 'answer', status, body, clusterId, etcdIndex, raftIndex, raftTerm, location };
}

/** The id is told in errors, so that nothing else may stand there. */
function readClusterId(value: Buffer): string {
  const id = value.toString('latin1');
  return /^[0-9a-f]{1,16}$/.test(id) ? id : 'unreadable';
}

/** 0 stands for "no index" in etcd's answers to bad requests. */
function readIndex(value: Buffer): number | undefined {
  const index = Number(value.toString('latin1'));
  return Number.isSafeInteger(index) && index > 0 ? index : undefined;
}
