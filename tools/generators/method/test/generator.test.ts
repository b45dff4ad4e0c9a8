import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Tree } from '@nx/devkit';
import { createTree } from '@nx/devkit/testing';

import { workspaceRoot } from '../../../setup/workspace.mjs';
import createMethod from '../generator.mjs';

const { prettier } = JSON.parse(readFileSync(join(workspaceRoot, 'package.json'), 'utf8')) as {
  prettier: object;
};
const edited = [
  'packages/trainer/src/portable.ts',
  'packages/pipeline/src/config/sections/method.ts',
  'packages/pipeline/src/config/methodOf.ts',
  'packages/pipeline/src/presets/presets.ts',
];
/** Folders that a method's files go to. */
const folders = ['packages/trainer/src/methods', 'packages/trainer/test', 'packages/pipeline/src/presets'];

let tree: Tree;

/** The files as they are; of those that are not edited only their names matter. */
beforeEach(() => {
  tree = createTree();
  tree.write('.prettierrc', JSON.stringify(prettier));
  for (const folder of folders) {
    for (const name of readdirSync(join(workspaceRoot, folder))) {
      if (name.endsWith('.ts')) tree.write(`${folder}/${name}`, '');
    }
  }
  for (const path of edited) tree.write(path, readFileSync(join(workspaceRoot, path), 'utf8'));
});

const textOf = (path: string) => tree.read(path, 'utf8')!;

describe('nx g @protocl/tools:method', () => {
  test('writes a method, a test and a preset under the names that the package uses', async () => {
    await createMethod(tree, { name: 'twin-views' });
    const method = textOf('packages/trainer/src/methods/twinViews.ts');
    expect(method).toContain('export const twinViewsSchema = z.strictObject({');
    expect(method).toContain('export function createTwinViews(options: CreateTwinViewsOptions');
    expect(method).toContain("name: 'twin-views',");
    expect(textOf('packages/trainer/test/twinViews.test.ts')).toContain('createTwinViews({ encoder');
    expect(textOf('packages/pipeline/src/presets/twinViews.ts')).toContain("name: 'twin-views-cifar10',");
  });

  test('adds to four files, and changes nothing else in them', async () => {
    const before = edited.map(textOf);
    await createMethod(tree, { name: 'twin-views' });
    const words = (text: string) => text.match(/\w+/g)!;
    for (const [i, path] of edited.entries()) {
      // What is there now, with the words that are new taken out.
      const rest = words(before[i]!);
      const isNew = words(textOf(path)).filter((word) => !(word === rest[0] && rest.shift()));
      expect({ path, rest }).toEqual({ path, rest: [] });
      expect(isNew.join(' ')).toMatch(/twin/i);
    }
  });

  test('can be used again for another method', async () => {
    await createMethod(tree, { name: 'twin-views' });
    await createMethod(tree, { name: 'abc' });
    const methodOf = textOf('packages/pipeline/src/config/methodOf.ts');
    expect(methodOf.match(/case '(twin-views|abc)':/g)).toEqual([
      "case 'twin-views':",
      "case 'abc':",
      "case 'twin-views':",
      "case 'abc':",
    ]);
    expect(methodOf.indexOf('createAbc,')).toBeLessThan(methodOf.indexOf('createTwinViews,'));
  });

  test.each(['Moco', 'my_method', '2views', '-views', 'views-', 'a--b', '@protocl/views', ''])(
    'refuses the name %j',
    async (name) => {
      const before = tree.listChanges().length;
      await expect(createMethod(tree, { name })).rejects.toThrow(/expected lower-case words/);
      expect(tree.listChanges()).toHaveLength(before);
    },
  );

  test.each([
    ['moco', 'packages/trainer/src/methods/moco.ts'],
    // Some disks hold both for one file.
    ['deepcluster', 'packages/trainer/src/methods/deepCluster.ts'],
    ['loss-terms', 'packages/trainer/src/methods/lossTerms.ts'],
    ['trainer', 'packages/trainer/test/trainer.test.ts'],
    ['presets', 'packages/pipeline/src/presets/presets.ts'],
    ['moco-v1', 'presets.ts has another mocoV1Cifar10'],
    ['encoder', 'encoder.test.ts has another createEncoder'],
    ['optimizer', 'portable.ts has another optimizerSchema'],
    ['method', 'method.ts has another methodSchema'],
  ])('refuses %s, which would be there twice', async (name, message) => {
    await expect(createMethod(tree, { name })).rejects.toThrow(
      new RegExp(`cannot be called '${name}'.*${message}`),
    );
  });

  test.each(edited)('says that %s is not there, or has no place for a method', async (path) => {
    tree.write(path, 'export const nothing = 1;\n');
    await expect(createMethod(tree, { name: 'views' })).rejects.toThrow(new RegExp(`${path} has no `));
    tree.delete(path);
    tree.delete('packages/trainer/src/methods/views.ts');
    tree.delete('packages/trainer/test/views.test.ts');
    tree.delete('packages/pipeline/src/presets/views.ts');
    await expect(createMethod(tree, { name: 'views' })).rejects.toThrow(`no ${path}`);
  });
});
