import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { etcdChannelNames } from 'nestjs-etcd/client';

const directory = join(process.cwd(), 'test/recipes');
const page = readFileSync(join(process.cwd(), 'docs/observability-recipes.md'), 'utf8');
const channels = readFileSync(join(process.cwd(), 'docs/observability.md'), 'utf8');
const recipes = readdirSync(directory).filter((name) => !name.endsWith('.spec.ts'));

describe('docs/observability-recipes.md', () => {
  it.each(recipes)('shows %s as it is tested', (name) => {
    expect(page).toContain(`\`\`\`ts\n${readFileSync(join(directory, name), 'utf8')}\`\`\`\n`);
  });

  it('has all recipes', () => {
    expect(recipes.toSorted()).toEqual(['logging.ts', 'metrics.ts', 'tracing.ts']);
  });
});

describe('docs/observability.md', () => {
  it('lists every channel, and no other', () => {
    const listed = [...channels.matchAll(/^\| `(nestjs-etcd:\S+)`/gm)].map(([, name]) => name);
    expect(listed).toEqual([...etcdChannelNames]);
  });
});
