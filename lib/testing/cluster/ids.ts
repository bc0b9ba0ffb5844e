import { createHash } from 'node:crypto';

/** The first 8 bytes, which etcd makes its ids of. */
export function sha1(data: string | Buffer): Buffer {
  return createHash('sha1').update(data).digest().subarray(0, 8);
}

/** An id as etcd writes it: without zeros in front. */
export function hex(id: Buffer): string {
  return id.readBigUInt64BE().toString(16);
}
