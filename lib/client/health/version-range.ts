import { EtcdOptionsError } from '../errors/index.js';
import { show } from '../options/check.js';

/** A version as its three numbers; what a pre-release has beside them counts as less than none. */
type Version = readonly [major: number, minor: number, patch: number, isRelease: number];
type Comparator = (version: Version) => boolean;

const versionPattern = /^v?(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?(?:\+[\w.-]+)?$/;
const partPattern = /^(>=|<=|>|<|=|\^|~)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?$/;

/** @returns `undefined` for what is no version, such as `not_decided` */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, preRelease] = versionPattern.exec(text) ?? [];
  if (major === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch), preRelease === undefined ? 1 : 0];
}

/**
 * A range of versions: `>=3.4`, `^3.4.20`, `~3.4`, `3.x`, `>=3.3 <3.6`, and alternatives between `||`.
 * @throws {EtcdOptionsError}
 */
export function parseRange(range: string): Comparator {
  if (typeof range !== 'string') throw wrong(range);
  const alternatives = range.split('||').map((part) => {
    const comparators = part
      .trim()
      .split(/\s+/)
      .map((text) => parsePart(text, range));
    return (version: Version) => comparators.every((accepts) => accepts(version));
  });
  return (version) => alternatives.some((accepts) => accepts(version));
}

function parsePart(text: string, range: string): Comparator {
  const [whole, operator = '', ...digits] = partPattern.exec(text) ?? [];
  if (whole === undefined) throw wrong(range);
  const given = digits.map((digit) =>
    digit === undefined || /[xX*]/.test(digit) ? undefined : Number(digit),
  );
  const end = given.indexOf(undefined);
  const known = (end < 0 ? given : given.slice(0, end)) as number[];
  const [major = 0, minor = 0, patch = 0] = known;
  const low: Version = [major, minor, patch, known.length === 3 ? 1 : 0];
  /** The first version behind those that begin with the numbers up to a place. */
  const after = (place: number): Version => {
    if (place === 0) return [Infinity, 0, 0, 0];
    const next = [major, minor, patch].map((number, i) =>
      i < place - 1 ? number : i === place - 1 ? number + 1 : 0,
    );
    return [...(next as [number, number, number]), 0];
  };
  const between =
    (from: Version, to: Version): Comparator =>
    (version) =>
      compare(version, from) >= 0 && compare(version, to) < 0;
  switch (operator) {
    case '>=':
      return (version) => compare(version, low) >= 0;
    case '>':
      return (version) =>
        compare(version, known.length === 3 ? low : after(known.length)) >= (known.length === 3 ? 1 : 0);
    case '<':
      return (version) => compare(version, low) < 0;
    case '<=':
      return (version) =>
        known.length === 3 ? compare(version, low) <= 0 : compare(version, after(known.length)) < 0;
    case '^':
      return between(low, after(Math.min(known.length, major > 0 ? 1 : minor > 0 ? 2 : 3)));
    case '~':
      return between(low, after(Math.min(known.length, 2)));
    default:
      return between(low, known.length === 3 ? [major, minor, patch, 2] : after(known.length));
  }
}

function compare(one: Version, other: Version): number {
  for (const [i, number] of one.entries()) {
    const difference = number - (other[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function wrong(range: unknown): EtcdOptionsError {
  return new EtcdOptionsError(
    'range',
    `expected a range such as '>=3.4' or '^3.4 || ~2.3', got ${show(range)}`,
  );
}
