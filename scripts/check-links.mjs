import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** What is no page of ours. */
const skipped = new Set(['node_modules', 'dist', 'coverage', 'api', '.git']);

/**
 * The pages whose links are checked: those beside the package, all of `docs/`, and the README of each sample.
 *
 * @param {string} root
 * @returns {string[]} paths below the root
 */
export function pagesOf(root) {
  const pages = readdirSync(root).filter((name) => name.endsWith('.md'));
  for (const directory of ['docs', 'sample']) {
    for (const path of filesBelow(join(root, directory))) {
      const name = relative(root, path);
      if (directory === 'docs' ? name.endsWith('.md') : name.endsWith(`${sep}README.md`)) pages.push(name);
    }
  }
  return pages;
}

/**
 * Checks every link of the pages: that files and headings inside the project exist, and that the others are addresses
 * that could be right. Nothing is asked of the network.
 *
 * @param {string} root
 * @param {readonly string[]} pages paths below the root
 * @returns {string[]} what is wrong, one line a link
 */
export function checkLinks(root, pages = pagesOf(root)) {
  /** @type {Map<string, Set<string>>} */
  const known = new Map();
  /** @param {string} path */
  const anchorsOf = (path) => {
    const anchors = known.get(path) ?? findAnchors(readFileSync(path, 'utf8'));
    known.set(path, anchors);
    return anchors;
  };
  return pages.flatMap((page) =>
    linksOf(readFileSync(join(root, page), 'utf8')).flatMap(({ target, line }) => {
      const problem = target.includes(':')
        ? problemOfAddress(target)
        : problemOfPath(root, resolve(root, page), target, anchorsOf);
      return problem === undefined ? [] : [`${page}:${line}: ${target}: ${problem}`];
    }),
  );
}

/**
 * Pages of `docs/` that its index does not lead to.
 *
 * @param {string} root
 * @returns {string[]}
 */
export function checkIndex(root) {
  const index = join(root, 'docs', 'README.md');
  const listed = new Set(linksOf(readFileSync(index, 'utf8')).map(({ target }) => target.split('#', 1)[0]));
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md') && name !== 'README.md' && !listed.has(name))
    .map((name) => `docs/README.md: leads to no docs/${name}`);
}

/** @param {string} directory @returns {string[]} */
function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/**
 * The links of a page, images and HTML attributes too; not those in code.
 *
 * @param {string} text
 */
function linksOf(text) {
  const inline = /!?\[(?:[^[\]]|\[[^\]]*\])*\]\(\s*<?([^\s)>]*)>?(?:\s+"[^"]*")?\s*\)/g;
  const others = [
    /^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$/gm,
    /\s(?:src|href)="([^"]*)"/g,
    /<(https?:[^>\s]*)>/g,
  ];
  const prose = withoutCode(text);
  return [inline, ...others].flatMap((pattern) =>
    [...prose.matchAll(pattern)].map(({ 1: target = '', index }) => ({
      target,
      line: prose.slice(0, index).split('\n').length,
    })),
  );
}

/**
 * Blanks fenced blocks and code in lines, and keeps the lines as they are numbered. A link's text in backquotes stays one.
 *
 * @param {string} text
 */
function withoutCode(text) {
  const blank = (/** @type {string} */ code) => code.replace(/[^\n]/g, ' ');
  return text
    .replace(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\s*\2[^\n]*$/gm, blank)
    .replace(/(`+)(?!`)(?:(?!\n\n)[\s\S])*?[^`]\1(?!`)/g, blank);
}

/**
 * The anchors that GitHub gives the headings of a page, and those that it sets itself.
 *
 * @param {string} text
 * @returns {Set<string>}
 */
function findAnchors(text) {
  const anchors = new Set([...text.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)].map(([, name = '']) => name));
  /** @type {Map<string, number>} */
  const counts = new Map();
  const prose = text.replace(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\s*\2[^\n]*$/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\s-]/gu, '')
      .replace(/\s/g, '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** @param {string} target */
function problemOfAddress(target) {
  if (target.startsWith('mailto:')) return undefined;
  if (!URL.canParse(target)) return 'is no address';
  const { protocol, hostname } = new URL(target);
  // What the reader has started.
  if (protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(hostname)) return undefined;
  if (protocol !== 'https:') return 'should begin with https:';
  return hostname.includes('.') ? undefined : 'names no host of the internet';
}

/**
 * @param {string} root
 * @param {string} page
 * @param {string} target
 * @param {(path: string) => Set<string>} anchorsOf
 */
function problemOfPath(root, page, target, anchorsOf) {
  if (target === '') return 'is empty';
  if (target.startsWith('/')) return 'is not relative';
  if (/%(?![\da-f]{2})/i.test(target)) return 'has a % that encodes nothing';
  const [path = '', anchor] = target.split('#', 2);
  const file = path === '' ? page : resolve(dirname(page), decodeURIComponent(path));
  if (relative(root, file).startsWith('..')) return 'leads out of the project';
  if (!existsSync(file)) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (statSync(file).isDirectory() || !file.endsWith('.md')) return 'only pages have headings';
  return anchorsOf(file).has(decodeURIComponent(anchor)) ? undefined : 'there is no such heading';
}
