import { beforeEach, describe, expect, test } from '@jest/globals';
import { readJson, type Tree } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';
import createPackage from '../generator.mjs';

const readme = `# Title

| package | what it does |
|---|---|
| [\`@protocl/core\`](packages/core) | errors |

## After
`;

let tree: Tree;

beforeEach(() => {
  tree = createTree();
  tree.write('package.json', JSON.stringify({ name: 'root' }));
  tree.write('README.md', readme);
  tree.write('LICENSE', 'the licence');
  tree.write('tsconfig.json', JSON.stringify({ references: [{ path: 'packages/core' }, { path: 'tools' }] }));
  tree.write('tools/lint/boundaries.json', JSON.stringify({ core: [], losses: ['core'] }));
});

describe('nx g @protocl/tools:package', () => {
  test('writes a complete package', async () => {
    await createPackage(tree, { name: 'losses', description: 'Says "how far"' });
    const files = tree.listChanges().map(({ path }) => path);
    expect(files).toEqual(
      expect.arrayContaining(
        [
          'package.json',
          'tsconfig.json',
          'jest.config.mjs',
          'README.md',
          'CHANGELOG.md',
          'LICENSE',
          'src/index.ts',
          'src/packageName.ts',
          'test/packageName.test.ts',
          'test/tsconfig.json',
        ].map((file) => `packages/losses/${file}`),
      ),
    );
    const manifest = readJson<Record<string, unknown>>(tree, 'packages/losses/package.json');
    expect(manifest).toMatchObject({
      name: '@protocl/losses',
      description: 'Says "how far"',
      type: 'module',
      nx: { tags: ['package:losses'] },
    });
    const entry = (manifest['exports'] as Record<string, Record<string, string>>)['.']!;
    expect(Object.keys(entry)).toEqual(['types', '@protocl/source', 'default']);
    expect(tree.read('packages/losses/LICENSE', 'utf8')).toBe('the licence');
    expect(tree.read('packages/losses/src/packageName.ts', 'utf8')).toMatch(
      /packageName = ['"]@protocl\/losses['"]/,
    );
  });

  test('adds it to the references, before the tools', async () => {
    await createPackage(tree, { name: 'losses' });
    expect(readJson(tree, 'tsconfig.json')).toEqual({
      references: [
        { path: 'packages/core' },
        { path: 'packages/losses' },
        { path: 'packages/losses/test' },
        { path: 'tools' },
      ],
    });
  });

  test("adds it to README.md's table, after its last row", async () => {
    await createPackage(tree, { name: 'losses', description: 'how far apart' });
    const rows = tree.read('README.md', 'utf8')!.split('\n');
    const core = rows.findIndex((row) => row.includes('@protocl/core'));
    expect(rows[core + 1]).toMatch(/^\| \[`@protocl\/losses`]\(packages\/losses\)\s+\| how far apart\s+\|$/);
    expect(rows[core + 2]).toBe('');
  });

  test('leaves the place of a known package in the boundaries, and adds a new one', async () => {
    await createPackage(tree, { name: 'losses' });
    expect(readJson(tree, 'tools/lint/boundaries.json')).toEqual({ core: [], losses: ['core'] });
    await createPackage(tree, { name: 'sound-maps', imports: ['losses'] });
    expect(readJson(tree, 'tools/lint/boundaries.json')).toEqual({
      core: [],
      losses: ['core'],
      'sound-maps': ['losses'],
    });
  });

  test.each([
    [{ name: 'Losses' }, /lower-case/],
    [{ name: '@protocl/losses' }, /without scope/],
    [{ name: 'losses', imports: [] }, /may import \[core], not \[]/],
    [{ name: 'other', imports: ['nothing'] }, /no package 'nothing'.*core, losses/],
  ])('refuses %j', async (options, message) => {
    await expect(createPackage(tree, options)).rejects.toThrow(message);
    expect(tree.listChanges().filter(({ path }) => path.startsWith('packages/'))).toEqual([]);
  });

  test('refuses a name that is taken', async () => {
    await createPackage(tree, { name: 'losses' });
    await expect(createPackage(tree, { name: 'losses' })).rejects.toThrow('packages/losses already');
  });
});
