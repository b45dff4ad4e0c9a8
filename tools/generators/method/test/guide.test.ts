import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { workspaceRoot } from '../../../setup/workspace.mjs';
import { guideOf } from './guide.js';

const TIME_LIMIT = 600_000;
const NAME = 'my-method';
const METHOD = 'packages/trainer/src/methods/myMethod.ts';

const guide = guideOf(
  readFileSync(join(workspaceRoot, 'CONTRIBUTING.md'), 'utf8'),
  'Add a method or a loss in an afternoon',
);

let copy: string;

/** The repository in a folder of its own, as it is, with the npm packages that are installed here. */
beforeAll(() => {
  copy = realpathSync(mkdtempSync(join(tmpdir(), 'protocl-method-')));
  // What was built is taken along: TypeScript then checks again only what differs.
  const left = ['.git', '.nx', 'node_modules', 'runs', 'test-results', 'bench-results', 'coverage'];
  for (const entry of readdirSync(workspaceRoot)) {
    if (left.includes(entry)) continue;
    cpSync(join(workspaceRoot, entry), join(copy, entry), {
      recursive: true,
      preserveTimestamps: true,
      filter: (source) => !left.includes(basename(source)),
    });
  }
  linkInstalledPackages();
  for (const { name, text } of guide.files) writeFileSync(join(copy, name), text);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function linkInstalledPackages(): void {
  const installed = join(workspaceRoot, 'node_modules');
  const linked = join(copy, 'node_modules');
  mkdirSync(linked);
  for (const entry of readdirSync(installed)) {
    // Links to our own packages, and to what they run, lead into the copy.
    const isOfTheCopy = entry === '@protocl' || entry === '.bin';
    if (isOfTheCopy)
      cpSync(join(installed, entry), join(linked, entry), { recursive: true, verbatimSymlinks: true });
    else symlinkSync(join(installed, entry), join(linked, entry));
  }
  const packages = readdirSync(join(workspaceRoot, 'packages')).map((name) => join('packages', name));
  for (const folder of [...packages, 'tools'].map((path) => join(path, 'node_modules'))) {
    if (existsSync(join(workspaceRoot, folder))) {
      symlinkSync(join(workspaceRoot, folder), join(copy, folder));
    }
  }
}

/** Runs a command line in the copy, knowing nothing of the Nx and the npm that may have started this test. */
function run(line: string): { status: number | null; output: string } {
  const foreign = /^(NX_|npm_|INIT_CWD$|NODE_OPTIONS$|FORCE_COLOR$|JEST_)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  const { status, stdout, stderr } = spawnSync(line, {
    cwd: copy,
    env: { ...env, NX_DAEMON: 'false', NX_TUI: 'false', NO_COLOR: '1' },
    encoding: 'utf8',
    shell: true,
  });
  return { status, output: stdout + stderr };
}

function requireSuccess(line: string): void {
  const { status, output } = run(line);
  if (status !== 0) throw new Error(`'${line}' ended with ${String(status)}:\n${output}`);
}

/** The same without the hours that it takes: a training's configuration, a comparison's runs. */
function inShort(line: string): string {
  if (line.startsWith('npm run protocl -- train ')) return line.replace(' train ', ' config ');
  const isComparison = line.startsWith('npm run protocl -- compare ');
  if (isComparison && !line.endsWith(' --dry-run')) return `${line} --dry-run`;
  return line;
}

describe('the guide', () => {
  test('begins with the generator, tests the method, trains it and compares it', () => {
    expect(guide.commands[0]).toBe(`npx nx g @protocl/tools:method ${NAME}`);
    for (const start of ['npx nx test trainer', 'npm run protocl -- train', 'npm run protocl -- compare']) {
      const pattern = new RegExp(`^${start} .*my-?method`, 'i');
      expect(guide.commands).toEqual(expect.arrayContaining([expect.stringMatching(pattern)]));
    }
  });

  test(
    'can be followed: each of its commands works',
    () => {
      const done = new Set<string>();
      for (const line of guide.commands.map(inShort)) {
        if (done.has(line)) continue;
        done.add(line);
        requireSuccess(line);
      }
      const report = readFileSync(join(copy, 'packages/trainer/test-results/jest.json'), 'utf8');
      const { numPassedTests, numTotalTests } = JSON.parse(report) as Record<string, number>;
      expect(numPassedTests).toBeGreaterThan(5);
      expect(numTotalTests).toBe(numPassedTests);
    },
    TIME_LIMIT,
  );

  test('names files that are there', () => {
    expect(guide.paths.filter((path) => !existsSync(join(copy, path)))).toEqual([]);
  });
});

describe('what the generator makes', () => {
  test(
    'is formatted and has no lint',
    () => {
      const made = [
        METHOD,
        'packages/trainer/test/myMethod.test.ts',
        'packages/pipeline/src/presets/myMethod.ts',
      ];
      const edited = [
        'trainer/src/portable',
        'pipeline/src/config/methodOf',
        'pipeline/src/config/sections/method',
      ]
        .concat('pipeline/src/presets/presets')
        .map((path) => `packages/${path}.ts`);
      const files = [...made, ...edited].join(' ');
      requireSuccess(`npx prettier --check ${files}`);
      requireSuccess(`npx eslint ${files}`);
    },
    TIME_LIMIT,
  );

  test.each([
    {
      mistake: 'another loss',
      text: 'tf.add(ofFirst, ofSecond)',
      wrong: 'tf.add(ofFirst, ofFirst)',
      name: 'has the loss of a loop',
    },
    {
      mistake: 'a gradient that is cut off',
      text: 'contrast(first, second, temperature)',
      wrong: `contrast(first, tf.customGrad((x) => ({
        value: tf.clone(x as tf.Tensor), gradFunc: (dy) => [tf.zerosLike(dy)]
      }))(second), temperature)`,
      name: 'has the gradients of its loss',
    },
    {
      mistake: 'a state that is not restored',
      text: "encoder.fromState(statePart(state, 'encoder'))",
      wrong: 'void statePart(state, "encoder")',
      name: 'the state is all there is',
    },
    {
      mistake: 'tensors that stay',
      text: 'const loss = contrast(',
      wrong: 'tf.keep(tf.zeros([1])); const loss = contrast(',
      name: 'measures what costs something',
    },
  ])(
    'has a test that fails for $mistake',
    ({ text, wrong, name }) => {
      const right = readFileSync(join(copy, METHOD), 'utf8');
      expect(right.split(text)).toHaveLength(2);
      writeFileSync(
        join(copy, METHOD),
        right.replace(text, () => wrong),
      );
      const jest = 'node --experimental-vm-modules node_modules/jest/bin/jest.js';
      const { status, output } = run(`${jest} -c packages/trainer/jest.config.mjs myMethod -t "${name}"`);
      writeFileSync(join(copy, METHOD), right);
      expect(output).toMatch(new RegExp(`● .*${name}`));
      expect(output).toContain('expect(received)');
      expect(status).toBe(1);
    },
    TIME_LIMIT,
  );
});
