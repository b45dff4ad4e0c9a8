import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, grids, plannedRuns, type GridInput } from '@protocl/pipeline';

import { openGrid } from '../../src/compare/openGrid.js';
import { planRuns } from '../../src/compare/planRuns.js';
import { protocl, tinyGrid } from './tinyGrid.js';

let parent: string;
let grid: GridInput;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-grid-'));
  grid = await tinyGrid(parent);
});
afterAll(() => rm(parent, { recursive: true }));

/** The message of a grid that is refused. */
async function refusal(given: unknown): Promise<string> {
  try {
    await plannedRuns(given as GridInput);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('the grid was accepted');
}

describe('a grid', () => {
  test.each<[string, (grid: GridInput) => unknown, RegExp[]]>([
    ['an unknown key', (it) => ({ ...it, seed: [1] }), [/^ {2}seed: unknown key .*Did you mean seeds\?/m]],
    ['no seeds', (it) => ({ ...it, seeds: [] }), [/seeds: wrong value .*at least 1 of them/]],
    ['a seed twice', (it) => ({ ...it, seeds: [1, 2, 1] }), [/seeds: wrong value .*each seed once/]],
    ['no arms', (it) => ({ ...it, arms: {} }), [/arms: wrong value .*at least one arm/]],
    [
      'an evaluator that is none',
      (it) => ({ ...it, evaluators: ['knm'] }),
      [/evaluators.0: .*Did you mean knn/],
    ],
    [
      'an arm that is no folder',
      (it) => ({ ...it, arms: { '..': {} } }),
      [/arms\.\.\.: wrong value .*but first, dots/],
    ],
    [
      'arms of one name',
      (it) => ({ ...it, arms: { pcl: {}, PCL: { method: { queue: 32 } } } }),
      [/arms.PCL: .*other than pcl/],
    ],
    [
      'arms that are the same',
      (it) => ({ ...it, arms: { one: {}, other: { seed: undefined, method: { queue: 64 } } } }),
      [/arms.other: impossible combination .*differ from those of arm one/],
    ],
    [
      'wrong keys of arms and impossible combinations, all at once',
      (it) => ({
        ...it,
        arms: { ...it.arms, odd: { method: { tau: 1 } }, full: { method: { queue: 60 } }, sown: { seed: 2 } },
      }),
      [
        /3 problems/,
        /method.tau: unknown key \(from arm odd of the grid\)/,
        /method.queue: impossible combination \(from arm full of the grid\), given 60.*multiple of 16/,
        /seed: impossible combination \(from arm sown of the grid\), given 2.*Name it in seeds/,
      ],
    ],
    [
      'what only together with an arm is impossible',
      (it) => ({ ...it, arms: { good: {}, large: { training: { batchSize: 40 } } } }),
      [/method.queue: impossible combination \(from base of the grid, in arm large\).*multiple of 40/],
    ],
    [
      'what is wrong with all arms, once',
      (it) => ({ ...it, base: { ...it.base, optimiser: { kind: 'sgd' } } }),
      [/cannot be used\n {2}optimiser: unknown key \(from base of the grid, in arm pcl, simclr\)/],
    ],
    [
      'nothing to judge by',
      (it) => ({ ...it, base: { ...it.base, data: { kind: 'folder', train: parent } } }),
      [/data.test: missing .*held-out images with classes/],
    ],
  ])('with %s is refused', async (_, change, messages) => {
    const message = await refusal(change(grid));
    for (const expected of messages) expect(message).toMatch(expected);
  });

  test('can be planned as it comes with the package', async () => {
    for (const [name, { arms, seeds = [] }] of Object.entries(grids)) {
      const runs = await plannedRuns([name], { out: join(parent, name) });
      expect(runs).toHaveLength(Object.keys(arms).length * seeds.length);
    }
  });
});

describe('planned runs', () => {
  const planned = async (given: GridInput) => {
    const opened = await openGrid(given);
    return planRuns(opened, {
      folder: '/out',
      changes: [{ origin: '--set', values: { method: { kind: 'simclr' } } }],
    });
  };

  test('have every arm with a seed before the next one', async () => {
    const runs = await planned({ ...grid, arms: { a: {}, b: { training: { epochs: 3 } } } });
    expect(runs.map(({ name }) => name)).toEqual(['a/seed-3', 'b/seed-3', 'a/seed-4', 'b/seed-4']);
    expect(runs.map(({ folder }) => folder)).toContain(join('/out', 'b', 'seed-4'));
    expect(runs.map(({ resolved }) => resolved.config.seed)).toEqual([3, 3, 4, 4]);
    expect(runs[0]!.resolved.config.method.kind).toBe('simclr');
    expect(runs[0]!.resolved.origins).toMatchObject({ 'method.kind': '--set', seed: 'seeds', name: 'arm a' });
  });

  test('have the names of arms with plus signs', async () => {
    const [run] = await planned({ ...grid, arms: { 'pcl+moco_1.5': {} } });
    expect(run!.resolved.config.name).toBe('pcl+moco_1.5');
  });

  test('share the processors, unless they say otherwise', async () => {
    const threadsOf = async (changes: Partial<GridInput>) => {
      const [run] = await planned({ ...grid, arms: { a: {} }, ...changes });
      const { engine, data } = run!.resolved.config;
      return [engine.threads, 'workers' in data && data.workers];
    };
    const share = Math.max(1, Math.floor(availableParallelism() / 2));
    expect(await threadsOf({ parallel: 2 })).toEqual([share, share]);
    expect(await threadsOf({ parallel: 1000 })).toEqual([1, 1]);
    expect(await threadsOf({ threads: 3 })).toEqual([3, 3]);
    const arms = { a: { engine: { threads: 5 }, data: { workers: 2 } } };
    expect(await threadsOf({ threads: 3, arms })).toEqual([5, 2]);
  });
});

describe('protocl compare', () => {
  test('explains itself', async () => {
    const { code, stdout } = await protocl('compare', '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: protocl compare /);
    expect(stdout).toMatch(/Example: protocl compare compare-demo/);
    expect((await protocl('--help')).stdout).toMatch(/^ {2}compare /m);
  });

  test('takes runs and presets as arms, beside a grid', async () => {
    const { arms, ...rest } = grid;
    expect(Object.keys(arms)).toHaveLength(2);
    const path = join(parent, 'mine.json');
    await writeFile(path, JSON.stringify(rest.base));
    const listed = await protocl('compare', 'moco-v2-cifar10', path, '--dry-run', '--seeds', '1,2');
    expect(listed.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      ...['moco-v2-cifar10/seed-1', 'mine/seed-1', 'moco-v2-cifar10/seed-2', 'mine/seed-2', '0'],
    ]);
    const both = await protocl('compare', 'compare-demo', path, '--dry-run', '--out', join(parent, 'both'));
    expect(both.stdout).toMatch(/0 of 33 done$/);
  });

  test.each([
    [['compare'], 2, /missing required argument/],
    [['compare', 'pcl-cifar11'], 1, /no such grid or preset.*Did you mean pcl-cifar10\?/],
    [['compare', 'none.yaml'], 1, /no such configuration file/],
    [['compare', 'compare-demo', 'compare-demo'], 2, /only one grid/],
    [['compare', 'pcl-demo', 'pcl-demo'], 2, /arms.pcl-demo: impossible combination.*a name for each arm/],
    [['compare', 'compare-demo', '--only', 'pcl,mocko'], 2, /no such arm. given: mocko/],
    [['compare', 'compare-demo', '--seeds', '1,1'], 2, /seeds: wrong value.*each once/],
    [['compare', 'compare-demo', '--seeds', 'one'], 2, /whole number/],
    [['compare', 'compare-demo', '--set', 'seed=5'], 2, /seed: impossible .*--set seed=5.*by --seeds/],
    [['compare', 'compare-demo', '--parallel', '0'], 2, /at least 1/],
    [
      ['compare', 'compare-demo', '--set', 'data.limitt=4'],
      2,
      /data.limitt: unknown key \(from --set data.limitt=4/,
    ],
  ])('%p is wrong usage', async (args, code, message) => {
    const answer = await protocl(...args);
    expect(answer).toMatchObject({ code, stdout: '' });
    expect(answer.stderr).toMatch(message);
    expect(answer.stderr).not.toMatch(/^ {4}at /m);
  });

  test('does not lose one of two arms of the same name in a file', async () => {
    const path = join(parent, 'twice.json');
    await writeFile(path, '{ "arms": { "a": {}, "a": { "seed": 2 } } }');
    const { code, stderr } = await protocl('compare', path);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Map keys must be unique/);
  });
});
