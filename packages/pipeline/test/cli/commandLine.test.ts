import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { presets } from '@protocl/pipeline';

import { runCommandLine } from '../../src/cli/runCommandLine.js';
import { readFeatures } from '../../src/commands/featureFile.js';
import { writeImageFolder } from '../imageFolder.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tiny } from '../tinyConfig.js';

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-cli-'));
});
afterAll(() => rm(parent, { recursive: true }));

/** Runs the command line in this process. */
async function protocl(...args: string[]) {
  const lines: string[] = [];
  const { output, text } = recorder(false);
  const code = await runCommandLine(args, { print: (line) => lines.push(line), output });
  return { code, stdout: lines.join('\n'), stderr: text() };
}

describe('protocl', () => {
  test('explains itself and each command', async () => {
    const { code, stdout } = await protocl('--help');
    expect(code).toBe(0);
    for (const name of ['train', 'embed', 'cluster', 'evaluate', 'report', 'watch', 'data', 'config']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
      const help = await protocl(name, '--help');
      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(new RegExp(`^Usage: protocl ${name} `));
      expect(help.stdout).toMatch(/Example: protocl/);
    }
  });

  test.each([
    [['trian'], /unknown command 'trian'.*Did you mean train/s],
    [['train', '--epoch', '3'], /unknown option '--epoch'.*Did you mean --epochs/s],
    [['train'], /nothing to run/],
    [['train', '--preset', 'pcl-demo', '--epochs', 'many'], /--epochs is no number/],
    [['train', '--preset', 'pcl-demo', '--set', 'method.tau=1'], /method.tau: unknown key/],
    [['train', '--preset', 'pcl-demo', '--resume'], /--resume alone/],
    [['config', '--preset', 'pcl-demo', '--set', 'method.queue'], /another form/],
    [['cluster', 'x.npy'], /required option '--k/],
    [['cluster', 'x.npy', '--k', 'some'], /whole number/],
    [['embed', 'x', '--split', 'all'], /Allowed choices are train, test/],
    [['embed', 'a.png', 'b.png'], /--encoder RUN/],
    [['embed', 'x', '--max-pixels', '9'], /--encoder RUN/],
    [['embed', 'x', '--encoder', 'y', '--split', 'test'], /one of them/],
    [['embed', '--encoder', 'y'], /missing required argument 'paths'/],
  ])('%p is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await protocl(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test.each([
    [['train', '--preset', 'pcl-demp'], /Did you mean pcl-demo/],
    [['train', '--config', 'none.yaml'], /no such configuration file/],
    [['train', '--resume', '/none'], /not the folder of a run/],
    [['data', 'cifar11'], /Did you mean cifar10/],
    [['evaluate', '/none.safetensors'], /checkpoint could not be read/],
    [['embed', '/none.safetensors', '--out', 'x.csv'], /\.safetensors or \.npy/],
    [['embed', '/none', '--encoder', '/none'], /image.* could not be opened \(ENOENT\)/],
    [['embed', tmpdir()], /To embed images, name what encodes them: --encoder RUN/],
    [['cluster', '/none.npy', '--k', '2'], /file could not be read/],
  ])('%p fails with a message and no stack', async (args, message) => {
    const { code, stderr } = await protocl(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

test.each([
  [['train', '--help'], /^Usage: npx protocl train .*Example: npx protocl train --preset/s],
  [['--help'], /^Usage: npx protocl \[options\]/],
  [['train', '--resume', '/none'], /start one by `npx protocl train`/],
  [['compare'], /missing required argument/],
  [['embed', '/tmp'], /--encoder RUN/],
])('%p advises what works where it was started', async (args, message) => {
  const lines: string[] = [];
  const { output, text } = recorder(false);
  await runCommandLine(args, { print: (line) => lines.push(line), output, called: 'npx protocl' });
  const said = [...lines, text()].join('\n');
  expect(said).toMatch(message);
  expect(said).not.toMatch(/(?<!npx )protocl (train|embed|compare)/);
});

describe('protocl config', () => {
  test('prints every value and where it comes from', async () => {
    const { code, stdout } = await protocl(
      'config',
      '--preset',
      'pcl-demo',
      '--seed',
      '7',
      '--set',
      'name=mine',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^seed = 7 +--seed$/m);
    expect(stdout).toMatch(/^name = "mine" +--set name=mine$/m);
    expect(stdout).toMatch(/^encoder.width = \d+ +preset pcl-demo$/m);
    expect(stdout).toMatch(/^training.epochs = 6 +auto for 50000 images$/m);
    expect(stdout).toMatch(/^evaluation.batchSize = 500 +default$/m);
  });

  test('prints what can be used as a configuration file', async () => {
    for (const preset of Object.keys(presets)) {
      const { stdout } = await protocl('config', '--preset', preset, '--json');
      const { name } = JSON.parse(stdout) as { name: string };
      expect(name).toBe(preset);
    }
  });

  test('prints the schema', async () => {
    const { stdout } = await protocl('config', '--schema');
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', additionalProperties: false });
  });
});

test('trains, evaluates, embeds and clusters', async () => {
  await writeImageFolder(join(parent, 'train'), syntheticImages(48, 1));
  await writeImageFolder(join(parent, 'test'), syntheticImages(24, 2));
  const config = {
    ...tiny,
    data: { kind: 'folder', train: join(parent, 'train'), test: join(parent, 'test') },
  };
  await writeFile(join(parent, 'tiny.json'), JSON.stringify(config));
  const run = join(parent, 'run');

  const trained = await protocl(
    'train',
    '--config',
    join(parent, 'tiny.json'),
    '--epochs',
    '3',
    '--out',
    run,
  );
  expect(trained).toMatchObject({ code: 0 });
  expect(trained.stdout).toMatch(/^kNN accuracy +[\d.]+% +[\d.]+% +[\d.]+%$/m);
  expect(trained.stdout).toMatch(/^cluster purity +[\d.]+% \(k=4\), [\d.]+% \(k=8\)$/m);
  const summary = JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as { knn: { final: number } };

  // Whether this run is the one meant is seen by its scores.
  const evaluated = await protocl('evaluate', run, '--json');
  expect(evaluated.code).toBe(0);
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ knn: summary.knn.final, epoch: 3 });
  const [oldest] = (await readdir(join(run, 'checkpoints'))).sort();
  const checkpoint = join(run, 'checkpoints', oldest!);
  const older = await protocl('evaluate', checkpoint, '--no-linear', '--set', 'evaluation.knn.k=3');
  expect(older.stdout).toMatch(/epoch-0002-step-000002.safetensors \(2 epochs\)\nkNN accuracy +[\d.]+%$/);

  const features = join(parent, 'features.npy');
  const embedded = await protocl('embed', run, '--split', 'test', '--out', features);
  expect(embedded).toMatchObject({ code: 0 });
  expect(embedded.stdout).toMatch(/^24 features of length 16: .*features.npy, .*labels.npy, .*indices.npy$/);
  expect((await readFeatures(features)).shape).toEqual([24, 16]);

  const broken = join(parent, 'broken.png');
  await writeFile(broken, 'no image');
  const photos = join(parent, 'photos.npy');
  const any = await protocl('embed', join(parent, 'test'), broken, '--encoder', run, '--out', photos);
  expect(any).toMatchObject({ code: 0 });
  expect(any.stdout).toBe(`24 features of length 16: ${photos}, ${join(parent, 'photos.csv')}`);
  expect(any.stderr).toMatch(/^left out: .*\/broken\.png \(.*\)$/m);
  expect(any.stderr).toMatch(/^left out: 1 of 25 images$/m);
  // In the same batches as the run's own.
  const [ownFeatures, anyFeatures] = [await readFeatures(features), await readFeatures(photos)];
  for (const [at, value] of ownFeatures.features.entries()) {
    expect(Math.abs(anyFeatures.features[at]! - value)).toBeLessThan(1e-6);
  }

  for (const input of [features, run]) {
    const out = join(parent, 'clusters.json');
    const clustered = await protocl(
      'cluster',
      input,
      '--k',
      '4,6',
      '--split',
      'test',
      '--out',
      out,
      '--backend',
      'wasm',
    );
    expect(clustered).toMatchObject({ code: 0 });
    expect(clustered.stdout).toMatch(
      /^k=4 \| sizes \d+ \.\. \d+ \.\. \d+ \| .* purity [\d.]+% \| AMI -?[\d.]+ \| ARI -?[\d.]+ \| NMI [\d.]+$/m,
    );
    const { clusterings } = JSON.parse(await readFile(out, 'utf8')) as {
      clusterings: { k: number; sizes: number[]; assignments: number[] }[];
    };
    expect(clusterings.map(({ k }) => k)).toEqual([4, 6]);
    for (const { k, sizes, assignments } of clusterings) {
      expect(assignments).toHaveLength(24);
      const counted = Array.from(
        { length: k },
        (_, which) => assignments.filter((one) => one === which).length,
      );
      expect(sizes).toEqual(counted);
    }
  }
}, 120_000);
