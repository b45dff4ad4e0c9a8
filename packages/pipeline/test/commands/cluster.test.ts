import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cluster, runCommandLine } from '@protocl/pipeline';

import { encodeNpy } from '../../src/commands/npy.js';
import { tableOfPaths, writeTable } from '../../src/commands/imageTable.js';
import { recorder } from '../recorder.js';

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-cluster-'));
});
afterAll(() => rm(parent, { recursive: true }));

/** Three clusters: rows 0 to 3, rows 4 and 5, rows 6 and 7. */
const ROWS = [
  [0, 0],
  [0, 2],
  [2, 0],
  [2, 2],
  [50, 0],
  [50, 2],
  [0, 50],
  [0, 54],
];
const DISTANCES = [Math.SQRT2, Math.SQRT2, Math.SQRT2, Math.SQRT2, 1, 1, 2, 2];
const PATHS = ['a, b.png', 'quote".png', 'line\nbreak.png', 'cr\r.png', '猫.png', 'f.png', 'g.png', 'h.png'];

async function features(name: string): Promise<string> {
  const path = join(parent, `${name}.npy`);
  await writeFile(path, encodeNpy({ data: Float32Array.from(ROWS.flat()), shape: [8, 2] }));
  return path;
}

async function labels(name: string, data: readonly number[], shape = [data.length]): Promise<string> {
  const path = join(parent, `${name}.npy`);
  await writeFile(path, encodeNpy({ data: Int32Array.from(data), shape }));
  return path;
}

async function protocl(...args: string[]) {
  const lines: string[] = [];
  const { output, text } = recorder(false);
  const out = args.includes('--out') ? [] : ['--out', join(parent, 'clusters.json')];
  const usual = ['--no-normalize', '--backend', 'wasm', ...out];
  const code = await runCommandLine([...args, ...usual], { print: (line) => lines.push(line), output });
  return { code, stdout: lines.join('\n'), stderr: text() };
}

/** The names of clusters do not matter: the first row's is 0, the next one that comes is 1. */
function renamed(clusters: readonly string[]): number[] {
  const seen = [...new Set(clusters)];
  return clusters.map((one) => seen.indexOf(one));
}

describe('protocl cluster', () => {
  test('adds cluster and distance to the table of paths beside the vectors', async () => {
    const path = await features('photos');
    const table = join(parent, 'photos.csv');
    await writeTable(table, tableOfPaths(PATHS));
    const before = await readFile(table, 'utf8');
    expect(before).toBe(
      'path\n"a, b.png"\n"quote"".png"\n"line\nbreak.png"\n"cr\r.png"\n猫.png\nf.png\ng.png\nh.png\n',
    );
    const { code, stdout } = await protocl('cluster', path, '--k', '3');
    expect(code).toBe(0);
    expect(stdout).toContain(`assignments in ${join(parent, 'clusters.json')} and ${table}`);
    const [header, ...rows] = before.trimEnd().split(/\n(?!break)/);
    const after = (await readFile(table, 'utf8')).trimEnd().split(/\n(?!break)/);
    expect(after[0]).toBe(`${header},cluster,distance`);
    const cells = after.slice(1).map((row) => /^(.*),(\d+),([^,]+)$/s.exec(row)!);
    expect(cells.map(([, name]) => name)).toEqual(rows);
    expect(renamed(cells.map(([, , one]) => one!))).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
    for (const [row, [, , , distance]] of cells.entries()) {
      expect(Number(distance)).toBeCloseTo(DISTANCES[row]!, 5);
    }
    // What the JSON has is the same.
    const { clusterings } = JSON.parse(await readFile(join(parent, 'clusters.json'), 'utf8')) as {
      clusterings: { assignments: number[]; distances: number[] }[];
    };
    expect(clusterings[0]!.assignments.map(String)).toEqual(cells.map(([, , one]) => one));
    expect(clusterings[0]!.distances).toEqual(cells.map(([, , , distance]) => Math.fround(Number(distance))));
  });

  test('replaces what an earlier clustering wrote, and keeps columns of others', async () => {
    const path = await features('again');
    const table = join(parent, 'again.csv');
    const mine = PATHS.map((name, row) => [name, String(row % 2)]);
    await writeTable(table, { columns: ['path', 'liked'], rows: mine });
    const head = async () => (await readFile(table, 'utf8')).split('\n')[0];
    await protocl('cluster', path, '--k', '2,3');
    expect(await head()).toBe('path,liked,cluster_2,distance_2,cluster_3,distance_3');
    await protocl('cluster', path, '--k', '3');
    expect(await head()).toBe('path,liked,cluster,distance');
    expect(await readFile(table, 'utf8')).toContain('猫.png,0,');
  });

  test('reads a table that a spreadsheet has saved again', async () => {
    const path = await features('saved');
    const table = join(parent, 'saved.csv');
    const text = ['\ufeff"path"', ...PATHS.map((name) => `"${name.replaceAll('"', '""')}"`), ''].join('\r\n');
    await writeFile(table, text);
    expect(await protocl('cluster', path, '--k', '3')).toMatchObject({ code: 0 });
    const after = await readFile(table, 'utf8');
    expect(after).toMatch(/^path,cluster,distance\n"a, b.png",\d,1.41421/);
    expect(after).toContain('"line\nbreak.png",');
  });

  test('writes a table of its own where there is none, or elsewhere by --out', async () => {
    const path = await features('alone');
    await protocl('cluster', path, '--k', '3');
    const own = await readFile(join(parent, 'alone.csv'), 'utf8');
    expect(own).toMatch(/^row,cluster,distance\n0,\d,1.41421354\n(.*\n){6}7,\d,2\n$/);
    // Again, on the one that it wrote.
    await protocl('cluster', path, '--k', '3');
    expect(await readFile(join(parent, 'alone.csv'), 'utf8')).toBe(own);

    const named = await features('named');
    await writeTable(join(parent, 'named.csv'), tableOfPaths(PATHS));
    const out = join(parent, 'elsewhere.csv');
    const before = await readdir(parent);
    const { stdout } = await protocl('cluster', named, '--k', '2', '--out', out);
    expect(stdout).toContain(`assignments in ${out}`);
    expect((await readdir(parent)).sort()).toEqual([...before, 'elsewhere.csv'].sort());
    expect(await readFile(out, 'utf8')).toMatch(/^path,cluster,distance\n"a, b.png",/);
    expect(await readFile(join(parent, 'named.csv'), 'utf8')).toMatch(/^path\n/);
  });

  test('leaves files of another kind alone, and refuses a table of other images before it clusters', async () => {
    const path = await features('foreign');
    const table = join(parent, 'foreign.csv');
    await writeFile(table, 'name,age\nAda,36\n');
    const left = await protocl('cluster', path, '--k', '3');
    expect(left).toMatchObject({ code: 0, stderr: expect.stringContaining(table) as unknown });
    expect(await readFile(table, 'utf8')).toBe('name,age\nAda,36\n');
    const refused = await protocl('cluster', path, '--k', '3', '--out', table);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(await readFile(table, 'utf8')).toBe('name,age\nAda,36\n');

    await writeTable(table, tableOfPaths(PATHS.slice(1)));
    const other = await protocl('cluster', path, '--k', '3');
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toContain('7 rows for 8 features');
    await writeFile(table, 'path,note\n"open\n');
    expect((await protocl('cluster', path, '--k', '3')).stderr).toContain('is damaged');
    expect((await protocl('cluster', path, '--k', '3', '--out', 'x.txt')).stderr).toMatch(/\.json or \.csv/);
  });

  test('compares clusters with classes that are given', async () => {
    const path = await features('classes');
    const classes = await labels('some', [0, 0, 0, 1, 1, 1, 1, 1]);
    const { stdout } = await protocl('cluster', path, '--k', '3', '--labels', classes);
    // By their definitions, the expected mutual information as the mean over all 8! orders of the clusters.
    expect(stdout).toMatch(/purity 87\.5% \| AMI 0\.292 \| ARI 0\.189 \| NMI 0\.447$/m);
    const options = { granularities: [3], normalize: false, backend: 'wasm' } as const;
    const [same] = await cluster(path, {
      ...options,
      labels: await labels('same', [7, 7, 7, 7, -3, -3, 100_000, 100_000]),
    });
    expect(same).toMatchObject({ purity: 1, mutualInformation: expect.closeTo(1, 9) as unknown });
    expect(same!.adjustedMutualInformation).toBeCloseTo(1, 9);
    expect(same!.adjustedRandIndex).toBeCloseTo(1, 9);
    const without = await cluster(path, options);
    expect(without[0]).not.toHaveProperty('adjustedRandIndex');

    const few = await labels('few', [0, 1]);
    expect(await protocl('cluster', path, '--k', '3', '--labels', few)).toMatchObject({
      code: 1,
      stdout: '',
    });
    const several = await labels('several', [...new Array<number>(15).fill(1), -1], [8, 2]);
    await expect(cluster(path, { ...options, labels: several })).rejects.toMatchObject({
      code: 'INVALID_FEATURES',
    });
    await expect(cluster('/none', { ...options, labels: classes })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});
