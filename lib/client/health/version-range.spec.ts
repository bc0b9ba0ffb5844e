import { describe, expect, it } from '@jest/globals';

import { EtcdOptionsError } from '../errors/index.js';
import { parseRange, parseVersion } from './version-range.js';

const accepts = (range: string, version: string): boolean => {
  const parsed = parseVersion(version);
  if (parsed === undefined) throw new Error(`${version} is no version`);
  return parseRange(range)(parsed);
};

describe('A range of versions', () => {
  it.each([
    ['>=3.4', '3.4.0', '3.3.27'],
    ['>=3.4', '3.4.0-rc.1', '3.3.99'],
    ['>=3.4.20', '3.4.23', '3.4.20-rc.0'],
    ['>3.4', '3.5.0', '3.4.99'],
    ['>3.4.2', '3.4.3', '3.4.2'],
    ['<3.5', '3.4.99', '3.5.0'],
    ['<=3.4', '3.4.99', '3.5.0'],
    ['<=3.4.2', '3.4.2', '3.4.3'],
    ['^3.4.20', '3.5.1', '3.4.19'],
    ['^3.4', '3.99.0', '4.0.0'],
    ['^0.4', '0.4.9', '0.5.0'],
    ['^0.0.3', '0.0.3', '0.0.4'],
    ['~3.4', '3.4.23', '3.5.0'],
    ['~3.4.20', '3.4.23', '3.4.19'],
    ['~3', '3.9.9', '4.0.0'],
    ['3.4', '3.4.7', '3.5.0'],
    ['3.x', '3.0.0', '2.3.8'],
    ['=3.4.23', '3.4.23', '3.4.24'],
    ['v3.4.23', '3.4.23+git', '3.4.22'],
    ['>=3.3 <3.6', '3.5.9', '3.6.0'],
    ['~2.3 || ^3.4', '2.3.8', '3.3.0'],
    ['*', '2.0.0', undefined],
  ])('%s accepts %s, and not %s', (range, inside, outside) => {
    expect(accepts(range, inside)).toBe(true);
    if (outside === undefined) return;
    expect(accepts(range, outside)).toBe(false);
  });

  it.each(['', 'three', '>=', '3.4.5.6', '>= 3.4', '3..4', '3.4 ||', 7 as never])('is not %j', (range) => {
    expect(() => parseRange(range)).toThrow(EtcdOptionsError);
    expect(() => parseRange(range)).toThrow(/^`range`: expected a range such as/);
  });

  it('is of versions alone', () => {
    expect(parseVersion('not_decided')).toBeUndefined();
    expect(parseVersion('3.4')).toBeUndefined();
  });
});
