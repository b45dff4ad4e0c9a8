import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

/** The first use downloads the data set. */
jest.setTimeout(900_000);

const main = new URL('../main.ts', import.meta.url).pathname;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'protocl-demo-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the demo; `onOutput` sees what it has told so far and may interrupt it. */
async function demo(
  args: string[],
  onOutput: (text: string, interrupt: () => void) => void = () => undefined,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = ['--conditions=@protocl/source', '--import', import.meta.resolve('tsx')];
  const child = spawn(process.execPath, [...flags, main, ...args], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    onOutput(stderr, () => child.kill('SIGINT'));
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

/** A small part of the images and of the network. */
const quick = [
  ...['data.limit=640', 'data.testLimit=200', 'encoder.width=8', 'method.queue=256'],
  ...['method.granularities=[20, 40]', 'method.warmupEpochs=1', 'evaluation.knn.k=20'],
].flatMap((setting) => ['--set', setting]);
const short = ['--epochs', '2', '--batch-size', '64', '--backend', 'torch', ...quick];

describe('the demo’s command', () => {
  test('trains on the real images, prints its summary and writes the run’s folder', async () => {
    const { code, stdout, stderr } = await demo([...short, '--seed', '5']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const share = expect.any(Number) as unknown;
    const summary = JSON.parse(stdout) as {
      folder: string;
      imagesPerSecond: number;
      peakMemoryBytes: number;
    };
    expect(summary).toMatchObject({
      knn: { random: share, warmup: share, final: share },
      linear: { random: share, warmup: share, final: share },
      purity: share,
      minutes: share,
      seed: 5,
    });
    expect(summary.imagesPerSecond).toBeGreaterThan(0);
    expect(summary.peakMemoryBytes).toBeGreaterThan(2 ** 26);
    expect(summary.folder).toMatch(/runs\/pcl-demo-/);
    expect(JSON.parse(await readFile(join(summary.folder, 'summary.json'), 'utf8'))).toEqual(summary);
    expect(stderr).toMatch(/kNN accuracy +[\d.]+% +[\d.]+% +[\d.]+%/);
    const page = /^report +(.+)$/m.exec(stderr)![1]!;
    expect(page).toBe(join(summary.folder, 'report.html'));
    expect(await readFile(page, 'utf8')).toContain('t-SNE, perplexity 30');
  });

  test('ends in good order on Ctrl-C, and goes on from there', async () => {
    const run = join(folder, 'interrupted');
    let interrupted = false;
    const stopped = await demo([...short, '--out', run], (text, interrupt) => {
      if (interrupted || !/epoch 1\/2/.test(text)) return;
      interrupted = true;
      interrupt();
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain(`npm run demo -- --resume ${run}`);
    const resumed = await demo(['--resume', run]);
    expect({ code: resumed.code, stderr: resumed.stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(resumed.stdout)).toMatchObject({ status: 'completed', epochs: 2 });
  });

  test('refuses wrong settings before it loads anything', async () => {
    const { code, stdout, stderr } = await demo(['--set', 'method.quee=5']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/Did you mean method.queue\?/);
  });

  test('explains itself', async () => {
    const { code, stdout } = await demo(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--set <key=value>/);
  });
});
