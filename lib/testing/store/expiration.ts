const second = 1_000_000_000n;

/** Set and create take a moment before this one for "no TTL" (protocol page, 2.8): 2000-01-01. */
export const earliestExpiration = BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n;

/** When a TTL ends, in ns since 1970. It overflows as etcd's 64-bit numbers do. @param ttl in seconds */
export function expirationOf(now: bigint, ttl: bigint): bigint {
  return BigInt.asIntN(64, now + BigInt.asIntN(64, ttl * second));
}

const longest = 2n ** 63n - 1n;
const shortest = -(2n ** 63n);

/** The seconds that are left, rounded up; those overdue are negative, and rounded towards zero. */
export function remainingTtl(expiration: bigint, now: bigint): number {
  let left = expiration - now;
  if (left > longest) left = longest;
  if (left < shortest) left = shortest;
  // Division of bigints rounds towards zero.
  const whole = left / second;
  return Number(left % second > 0n ? whole + 1n : whole);
}

/** RFC 3339 in UTC, with as many digits of the second as are needed, as Go writes it. */
export function formatTime(nanoseconds: bigint): string {
  const fraction = ((nanoseconds % second) + second) % second;
  const whole = new Date(Number((nanoseconds - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`;
}

/** Reads what {@link formatTime} has written. @throws {RangeError} */
export function parseTime(text: string): bigint {
  const [, whole, digits = ''] = /^(.*?)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const milliseconds = Date.parse(`${whole ?? text}Z`);
  if (Number.isNaN(milliseconds))
    throw new RangeError(`Expected a time such as 2030-01-31T12:00:00Z, got ${text}`);
  return BigInt(milliseconds) * 1_000_000n + BigInt(digits.padEnd(9, '0'));
}
