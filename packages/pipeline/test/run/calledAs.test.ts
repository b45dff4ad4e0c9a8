import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { asCalled } from '../../src/cli/asCalled.js';
import { calledAs, shellWord } from '../../src/run/calledAs.js';

let parent: string;
/** A project with the package, one without, and a folder on the path. */
let project: string;
let elsewhere: string;
let global: string;
beforeAll(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'protocl-called-')));
  project = join(parent, 'project');
  elsewhere = join(parent, 'elsewhere');
  global = join(parent, 'bin');
  await mkdir(join(elsewhere, 'deep'), { recursive: true });
  await mkdir(join(project, 'deep'), { recursive: true });
  await mkdir(global);
  await installed(project);
  await installed(join(parent, '_npx', '1f2e'));
  await symlink(scriptOf(project), join(global, 'protocl'));
});
afterAll(() => rm(parent, { recursive: true }));

async function installed(folder: string): Promise<void> {
  const script = scriptOf(folder);
  await mkdir(dirname(script), { recursive: true });
  await writeFile(script, '#!/usr/bin/env node\n');
  await chmod(script, 0o755);
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true });
  await symlink(script, linkOf(folder));
}

function scriptOf(folder: string): string {
  return join(folder, 'node_modules/@protocl/pipeline/dist/cli/protocl.js');
}

function linkOf(folder: string): string {
  return join(folder, 'node_modules/.bin/protocl');
}

const npx = { npm_command: 'exec', npm_lifecycle_event: 'npx', npm_config_user_agent: 'npm/11.1.0 node/v22' };

describe('calledAs', () => {
  const called = (script: string, cwd: string, env: Record<string, string>, ...path: string[]) =>
    calledAs({ argv: [process.execPath, script, 'train'], cwd, env: { ...env, PATH: path.join(delimiter) } });
  /** What npm puts on the path of what it starts. */
  const binOf = (folder: string) => dirname(linkOf(folder));

  test('by npx, in a project that has the package', () => {
    expect(called(linkOf(project), project, npx, binOf(project))).toBe('npx protocl');
    expect(called(linkOf(project), project, { ...npx, npm_command: 'run-script' }, binOf(project))).toBe(
      'npx protocl',
    );
  });

  test('by npx, which fetched the package', () => {
    const cached = join(parent, '_npx', '1f2e');
    expect(called(linkOf(cached), elsewhere, npx, binOf(cached))).toBe('npx -p @protocl/pipeline protocl');
  });

  test.each([
    ['pnpm/10.2.0 npm/? node/v22', 'pnpm exec protocl'],
    ['yarn/4.6.0 npm/? node/v22', 'yarn protocl'],
    ['bun/1.2.0 npm/? node/v22', 'bunx protocl'],
    ['toString/1', 'npx protocl'],
  ])('by %s', (agent, expected) => {
    const env = { npm_command: 'run-script', npm_config_user_agent: agent };
    expect(called(linkOf(project), project, env, binOf(project))).toBe(expected);
  });

  test('by its name, where it is on the path', () => {
    expect(called(join(global, 'protocl'), elsewhere, {}, '', global)).toBe('protocl');
    // As some have it, a project's own programs too.
    expect(called(linkOf(project), project, {}, binOf(project))).toBe('protocl');
    // npx prefers what is installed for all, if the project has none.
    expect(called(join(global, 'protocl'), elsewhere, npx, global)).toBe('protocl');
    // The one on the path is another.
    expect(called(linkOf(join(parent, '_npx', '1f2e')), elsewhere, npx, global)).toBe(
      'npx -p @protocl/pipeline protocl',
    );
  });

  test('by the path of its file', () => {
    expect(called(linkOf(project), join(project, 'deep'), {})).toBe('npx protocl');
    expect(called(scriptOf(project), project, {})).toBe('npx protocl');
    expect(called(scriptOf(project), elsewhere, {})).toBe(`node ${scriptOf(project)}`);
    expect(called(scriptOf(project), parent, {})).toBe(
      'node project/node_modules/@protocl/pipeline/dist/cli/protocl.js',
    );
  });

  test('by a program of the user, of whom it is not known how he calls it', () => {
    expect(called(join(project, 'train.mjs'), project, {})).toBe('npx protocl');
    expect(called(join(project, 'train.mjs'), project, {}, global)).toBe('protocl');
    expect(calledAs({ argv: [process.execPath], cwd: elsewhere, env: {} })).toBe('npx protocl');
  });
});

test.each([
  ['runs/pcl-demo', 'runs/pcl-demo'],
  ['my runs/1', "'my runs/1'"],
  ["it's", String.raw`'it'\''s'`],
  ['$HOME', "'$HOME'"],
])('a shell reads %s as %s', (text, word) => {
  expect(shellWord(text)).toBe(word);
});

describe('asCalled', () => {
  const names = ['train', 'embed', 'data'];

  test.each([
    ['Write them by `protocl embed`.', 'Write them by `npx protocl embed`.'],
    ['Usage: protocl [options] [command]', 'Usage: npx protocl [options] [command]'],
    ['protocl train --resume x\nprotocl embed x', 'npx protocl train --resume x\nnpx protocl embed x'],
    ['Go on by: npx protocl train', 'Go on by: npx protocl train'],
    ['/home/protocl train/x', '/home/protocl train/x'],
    ['my-protocl data', 'my-protocl data'],
    ['protocl trains encoders', 'protocl trains encoders'],
    ['protocl', 'protocl'],
  ])('%j', (text, expected) => {
    expect(asCalled(text, 'npx protocl', names)).toBe(expected);
    expect(asCalled(text, 'protocl', names)).toBe(text);
  });

  test('whatever a command is called', () => {
    expect(asCalled('`protocl data`', 'node $&/protocl.js', names)).toBe('`node $&/protocl.js data`');
  });
});
