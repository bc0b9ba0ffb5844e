import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { checkIndex, checkLinks } from '../../scripts/check-links.mjs';

describe('The check of links', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'links-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const write = (pages: Record<string, string>): void => {
    for (const [name, text] of Object.entries(pages)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
  };

  it.each([
    ['a file', '[a](other.md)'],
    ['a file outside of its directory', '[a](../README.md)'],
    ['a directory', '[a](../sample/one)'],
    ['a heading', '[a](other.md#what-it-costs)'],
    ['a heading with code, marks and capitals', '[`a`](other.md#single-values-etcdvalue-d%C3%A9j%C3%A0-vu)'],
    ['the second of two equal headings', '[a](other.md#what-it-costs-1)'],
    ['a heading of its own page', '[a](#here)'],
    ['an address', '[a](https://etcd.io/docs) <https://etcd.io>'],
    ['what the reader has started', '[a](http://127.0.0.1:3000) [a](http://localhost:3000/x)'],
    ['a reference', '[a][b]\n\n[b]: other.md'],
    ['nothing that is code', '`[a](none.md)`\n\n```md\n[a](none.md)\n```\n\n`` `[a](none.md) ``'],
  ])('takes a link to %s', (_, text) => {
    write({
      'README.md': '',
      'sample/one/README.md': '',
      'docs/page.md': `# Here\n\n${text}\n`,
      'docs/other.md':
        '# Other\n\n## What it costs\n\n```sh\n# none\n```\n\n## Single values: `@EtcdValue` déjà vu\n\n## What it costs\n',
    });
    expect(checkLinks(root)).toEqual([]);
  });

  it.each([
    ['a missing file', '[a](none.md)', 'there is no such file'],
    ['a missing image', '![a](none.png)', 'there is no such file'],
    ['a missing file in HTML', '<img alt="" src="none.png">', 'there is no such file'],
    ['a missing file by reference', '[b]: none.md', 'there is no such file'],
    ['a missing heading', '[a](other.md#none)', 'there is no such heading'],
    ['a heading that is a comment in code', '[a](other.md#code)', 'there is no such heading'],
    ['a missing heading of its own', '[a](#none)', 'there is no such heading'],
    ['a heading of what is no page', '[a](../sample#one)', 'only pages have headings'],
    ['a place outside of the project', '[a](../../x.md)', 'leads out of the project'],
    ['a place on a server', '[a](/docs/other.md)', 'is not relative'],
    ['an address in the clear', '[a](http://etcd.io)', 'should begin with https:'],
    ['an address that is none', '[a](https://)', 'is no address'],
    ['a host of nobody', '[a](https://etcd/x)', 'names no host of the internet'],
    ['nothing', '[a]()', 'is empty'],
  ])('finds a link to %s', (_, text, problem) => {
    write({
      'sample/one/README.md': '',
      'docs/other.md': '```sh\n# code\n```\n',
      'docs/page.md': `\n\n${text}\n`,
    });
    expect(checkLinks(root)).toEqual([expect.stringMatching(/^docs\/page\.md:3: /)]);
    expect(checkLinks(root)[0]).toContain(problem);
  });

  it('looks at the pages beside the package, at docs and at the samples, and at nothing that is made', () => {
    const text = '[a](none.md)';
    write({
      'SECURITY.md': text,
      'docs/deep/page.md': text,
      'docs/api/page.md': text,
      'sample/one/README.md': text,
      'sample/one/node_modules/x/README.md': text,
      'lib/README.md': text,
    });
    expect(checkLinks(root).map((line) => line.split(':', 1)[0])).toEqual([
      'SECURITY.md',
      'docs/deep/page.md',
      'sample/one/README.md',
    ]);
  });

  it('finds a page that the index does not lead to', () => {
    write({ 'docs/README.md': '[a](a.md#x)', 'docs/a.md': '', 'docs/b.md': '' });
    expect(checkIndex(root)).toEqual(['docs/README.md: leads to no docs/b.md']);
  });
});
