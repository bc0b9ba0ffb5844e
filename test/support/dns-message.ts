/** The record types that the DNS server of the tests knows, by their numbers (RFC 1035, RFC 2782). */
export const RECORD_TYPES = { A: 1, SRV: 33 } as const;

export interface DnsQuestion {
  id: number;
  /** In lower case, without the dot at the end. */
  name: string;
  type: number;
  /** The question section as it came, to be repeated in the answer. */
  bytes: Buffer;
}

/** A record's data, ready to be sent. */
export interface DnsRecord {
  type: number;
  /** In seconds. */
  ttl: number;
  data: Buffer;
}

/** RFC 1035 section 4.1.1; the third is a name that does not exist (NXDOMAIN). */
export type ResponseCode = 0 | 2 | 3;

const HEADER_LENGTH = 12;
/** A pointer to the name at offset 12: the answer's owner is always the name of the question. */
const OWNER = Buffer.from([0xc0, HEADER_LENGTH]);

/** Reads the first question of a query; later sections (EDNS) are of no interest here. */
export function parseQuestion(message: Buffer): DnsQuestion {
  const labels: string[] = [];
  let at = HEADER_LENGTH;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const bytes = message.subarray(HEADER_LENGTH, at + 5);
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at + 1),
    bytes,
  };
}

export function buildResponse(question: DnsQuestion, code: ResponseCode, records: DnsRecord[]): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(question.id, 0);
  // A response, authoritative, recursion desired and available.
  header.writeUInt16BE(0x8580 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question.bytes, ...records.map(encodeRecord)]);
}

export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

function encodeRecord({ type, ttl, data }: DnsRecord): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([OWNER, fixed, data]);
}
