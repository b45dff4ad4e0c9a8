import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  compare,
  type Comparison,
  type FeatureScores,
  type GridInput,
  type RunSummary,
} from '@protocl/pipeline';

import { withFolderLocked } from '../../src/run/folderLock.js';
import { protocl, tinyGrid } from './tinyGrid.js';

jest.setTimeout(300_000);

const RUNS = ['pcl/seed-3', 'simclr/seed-3', 'pcl/seed-4', 'simclr/seed-4'];

let parent: string;
let grid: GridInput;
let file: string;
let out: string;
let first: Awaited<ReturnType<typeof protocl>>;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-compare-'));
  grid = await tinyGrid(parent);
  file = join(parent, 'grid.json');
  out = join(parent, 'out');
  await writeFile(file, JSON.stringify(grid));
  first = await protocl('compare', file, '--out', out, '--points', '20');
});
afterAll(() => rm(parent, { recursive: true }));

async function json<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as T;
}

/** When each file below a folder was last written. */
async function times(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, (await stat(path)).mtimeMs] as const)),
  );
}

describe('protocl compare', () => {
  test('trains and judges every arm with every seed, and tells how far it is', async () => {
    expect(first).toMatchObject({ code: 0 });
    for (const run of RUNS) {
      const [arm, seed] = run.split('/seed-');
      const summary = await json<RunSummary>(out, run, 'summary.json');
      expect(summary).toMatchObject({ status: 'completed', seed: Number(seed), epochs: 2 });
      const { config, origins } = await json<{ config: object; origins: object }>(out, run, 'config.json');
      expect(config).toMatchObject({ name: arm, method: { kind: arm } });
      expect(origins).toMatchObject({
        seed: 'seeds',
        'method.kind': expect.stringMatching(/^(arm|base) .*of/),
      });
      const { evaluations } = await json<FeatureScores>(out, run, 'evaluation.json');
      expect(Object.keys(evaluations).sort()).toEqual(['clusters', 'knn', 'linear']);
      expect(first.stderr).toMatch(new RegExp(`^${run} begins$`, 'm'));
      expect(first.stderr).toMatch(
        new RegExp(`^${run} is done after \\d+ s \\| kNN [\\d.]+% \\| \\d of 4`, 'm'),
      );
    }
    expect(first.stderr).toMatch(/\| 1 of 4 \| about \d+ s left$/m);
    expect(first.stderr).toMatch(/\| 4 of 4$/m);
  });

  test('sets means and deviations of the arms side by side', async () => {
    const { arms, seeds } = await json<Comparison>(out, 'comparison.json');
    expect(seeds).toEqual([3, 4]);
    expect(arms.map(({ name }) => name)).toEqual(['pcl', 'simclr']);
    for (const { name, figures, runs } of arms) {
      expect(runs.map(({ folder }) => folder)).toEqual([`${name}/seed-3`, `${name}/seed-4`]);
      const scores: FeatureScores[] = [];
      const summaries: RunSummary[] = [];
      for (const { folder } of runs) {
        scores.push(await json(out, folder, 'evaluation.json'));
        summaries.push(await json(out, folder, 'summary.json'));
      }
      const row = first.stdout.split('\n').find((line) => line.startsWith(`| ${name} `))!;
      const cells = row.split('|').map((cell) => cell.trim());
      const expected = (values: number[], digits: number) => {
        const [a, b] = values as [number, number];
        // Of two values.
        return `${((a + b) / 2).toFixed(digits)} ± ${(Math.abs(a - b) / Math.SQRT2).toFixed(digits)}`;
      };
      const ami = scores.map(({ evaluations }) =>
        Number(evaluations.clusters!.scores['adjustedMutualInformation@4']),
      );
      expect(cells.slice(2, -1)).toEqual([
        '2',
        expected(
          scores.map(({ knn }) => 100 * knn!),
          2,
        ),
        expected(
          scores.map(({ linear }) => 100 * linear!),
          2,
        ),
        expected(
          ami.map((value) => 100 * value),
          2,
        ),
        expected(
          summaries.map(({ minutes }) => minutes),
          1,
        ),
        expected(
          summaries.map(({ imagesPerSecond }) => imagesPerSecond!),
          0,
        ),
        expected(
          summaries.map(({ peakMemoryBytes }) => peakMemoryBytes / 2 ** 20),
          0,
        ),
      ]);
      expect(figures['knn.accuracy@5']!.n).toBe(2);
    }
    const [heading] = first.stdout.split('\n');
    expect(heading!.split('|').map((cell) => cell.trim())).toEqual([
      ...['', 'arm', 'seeds', 'kNN %', 'linear %', 'AMI %', 'minutes', 'images/s', 'peak MiB', ''],
    ]);
    expect(await readFile(join(out, 'comparison.md'), 'utf8')).toContain(first.stdout);
  });

  test('writes a page of the arms by their names, with the table and what the encoders show', async () => {
    const page = await readFile(join(out, 'report.html'), 'utf8');
    expect(page).toMatch(/<title>[^<]*pcl, simclr/);
    // Of all runs, not in the panel of one of them.
    expect(page).toContain('"overview":[{"title":"all arms"');
    for (const run of ['pcl/seed-3', 'simclr/seed-3']) {
      expect(await json<object>(out, run, 'report-data.json')).toHaveProperty('embedding');
    }
  });

  test('does nothing again', async () => {
    const before = await times(out);
    const again = await protocl('compare', file, '--out', out, '--points', '20');
    expect(again).toMatchObject({ code: 0, stdout: first.stdout });
    expect(again.stderr).toContain('4 of 4 runs are done already');
    expect(await times(out)).toEqual(before);
  });

  test('makes the page anew where it is to look at other numbers of images', async () => {
    const page = () => readFile(join(out, 'report.html'), 'utf8');
    const before = await page();
    expect(await protocl('compare', file, '--out', out, '--points', '10')).toMatchObject({ code: 0 });
    expect(await page()).not.toBe(before);
    await protocl('compare', file, '--out', out, '--points', '20');
    expect(await page()).toBe(before);
  });

  test('leaves out of the table what was not asked for, and runs that lack what is', async () => {
    const other = async (evaluators: string[], ...flags: string[]) => {
      const path = join(parent, `${evaluators.join()}.json`);
      await writeFile(path, JSON.stringify({ ...grid, evaluators }));
      return protocl('compare', path, '--out', out, '--no-encoder', ...flags);
    };
    const [heading] = (await other(['knn'])).stdout.split('\n');
    expect(heading).toMatch(/^\| arm +\| +seeds \| +kNN % \| +minutes /);
    const scored = join(out, 'pcl/seed-3/evaluation.json');
    const scores = await readFile(scored, 'utf8');
    const { linear, ...rest } = (await json<FeatureScores>(scored)).evaluations;
    expect(linear).toBeDefined();
    await writeFile(scored, JSON.stringify({ evaluations: rest }));
    // One arm alone is worked on, and the other one lacks it.
    const { stdout } = await other(['knn', 'linear'], '--only', 'simclr');
    expect(stdout).toMatch(/^\| pcl +\| +1 of 2 \|/m);
    expect(stdout).toMatch(/^\| simclr +\| +2 \|/m);
    await writeFile(scored, scores);
  });

  test('goes on with a run from its last checkpoint, and judges it as one that ran through', async () => {
    const run = join(out, 'pcl/seed-4');
    const scores = await json<FeatureScores>(run, 'evaluation.json');
    const others = Object.fromEntries(
      Object.entries(await times(out)).filter(([path]) =>
        /(pcl.seed-3|simclr.seed-\d).(?!report-data)/.test(path),
      ),
    );
    // As if it had been killed before its last checkpoints.
    const checkpoints = (await readdir(join(run, 'checkpoints'))).sort();
    for (const path of [...checkpoints.slice(1).map((name) => `checkpoints/${name}`), 'summary.json']) {
      await rm(join(run, path));
    }
    await rm(join(run, 'evaluation.json'));
    const listed = await protocl('compare', file, '--out', out, '--dry-run');
    expect(listed.stdout).toMatch(/^pcl\/seed-4 +begun$/m);
    const { code, stderr } = await protocl('compare', file, '--out', out, '--no-encoder');
    expect(code).toBe(0);
    expect(stderr).toContain('3 of 4 runs are done already');
    expect(stderr).toMatch(/^pcl\/seed-4 goes on$/m);
    expect((await readFile(join(run, 'output.txt'), 'utf8')).match(/goes on from epoch/g)).toHaveLength(1);
    const now = await json<FeatureScores>(run, 'evaluation.json');
    expect(now.evaluations).toEqual(scores.evaluations);
    expect(await times(out)).toMatchObject(others);
    const { arms } = await json<Comparison>(out, 'comparison.json');
    const { minutes } = await json<RunSummary>(run, 'summary.json');
    // The time of both processes.
    expect(arms[0]!.runs[1]!.figures['minutes']).toBeGreaterThan(minutes);
  });

  test('lists what there is to do, of some arms if they are named', async () => {
    const { code, stdout } = await protocl(
      ...['compare', file, '--out', join(parent, 'dry'), '--only', 'simclr', '--seeds', '7,8', '--dry-run'],
    );
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 0,
      lines: ['simclr/seed-7  new', 'simclr/seed-8  new', '0 of 2 done'],
    });
    await expect(stat(join(parent, 'dry'))).rejects.toThrow('ENOENT');
    const listed = await protocl('compare', file, '--out', out, '--dry-run', '--json');
    expect(JSON.parse(listed.stdout)).toEqual(
      RUNS.map((name) => ({ name, folder: join(out, name), state: 'done' })),
    );
  });

  test('refuses a folder that another comparison writes to', async () => {
    const before = await times(out);
    const { code, stderr } = await withFolderLocked(out, 'comparison', () =>
      protocl('compare', file, '--out', out),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/process \d+ on \S+ is at work on this comparison/);
    expect(await times(out)).toEqual(before);
  });

  test('refuses a folder with runs of other settings, and tells which', async () => {
    const before = await times(out);
    const { code, stderr } = await protocl(
      ...['compare', file, '--out', out, '--epochs', '3', '--only', 'pcl', '--threads', '7'],
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/pcl\/seed-3: training.epochs was 2, is 3\n +simclr\/seed-3: training.epochs/);
    expect(stderr).toMatch(/another folder by --out, or remove/);
    // How many threads a machine has decides nothing.
    expect(stderr).not.toContain('engine.threads');
    expect(await times(out)).toEqual(before);
  });
});

test('a run that fails is told, and leaves the others alone', async () => {
  const arms = {
    broken: { data: { train: join(parent, 'nowhere') } },
    good: { method: { kind: 'simclr' } },
  };
  const path = join(parent, 'failing.json');
  await writeFile(path, JSON.stringify({ ...grid, arms, seeds: [3], evaluators: ['knn'], parallel: 1 }));
  const folder = join(parent, 'failing');
  const { code, stdout, stderr } = await protocl('compare', path, '--out', folder, '--no-encoder');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^broken\/seed-3 has FAILED after \d+ s \| 1 of 2 \| about \d+ s left$/m);
  expect(stderr).toMatch(
    /error: 1 of the runs failed\nbroken\/seed-3: its training ended with code 1; .*output.txt ends with\n.*nowhere/s,
  );
  expect(stderr).not.toMatch(/^ {4}at /m);
  // One run has no deviation.
  expect(stdout).toMatch(/^\| good +\| +1 \| +[\d.]+ ± - \| /m);
  expect(stdout).toMatch(/^\| broken +\| +0 of 1 \| +- \| /m);
  expect(await json<object>(folder, 'good/seed-3/evaluation.json')).toHaveProperty('evaluations.knn');
});

test('a configuration whose seed gives way to those of the comparison is told', async () => {
  const path = join(parent, 'own.json');
  await writeFile(path, JSON.stringify({ ...grid.base, name: 'own', seed: 7 }));
  const lines: string[] = [];
  const comparing = compare([path], {
    out: join(parent, 'seeds'),
    seeds: [1, 2],
    log: (line) => lines.push(line),
    signal: AbortSignal.abort(),
  });
  await expect(comparing).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(lines).toEqual(['own: trained with 1, 2 in the place of its seed 7']);
});
