import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { runStep, type Step } from '../runStep.js';
import { steps } from '../steps.js';

jest.setTimeout(60_000);

const execute = promisify(execFile);
const script = join(import.meta.dirname, '../run');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-check-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program in the place of Python. */
function fakePython(body: string): string {
  const path = join(folder, 'python');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

function check(environment: Record<string, string>, ...args: string[]) {
  return execute(script, args, { env: { ...process.env, ...environment } });
}

describe('tools/gpu-check/run', () => {
  test('refuses a machine without CUDA, and says what is missing', async () => {
    const python = fakePython('echo "AssertionError: Torch not compiled with CUDA enabled" >&2; exit 1');
    await expect(check({ PROTOCL_PEER_PYTHON: python }, '--out', folder)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no cuda here.*not compiled with CUDA.*NVIDIA device/s),
    });
  });

  test('refuses a device that is not CUDA', async () => {
    await expect(check({}, '--device', 'cpu')).rejects.toMatchObject({ code: 2 });
  });

  test('takes the Node that PROTOCL_NODE names, be it the file or its package', async () => {
    const installation = join(process.execPath, '../..');
    for (const node of [process.execPath, installation]) {
      const { stdout } = await check({ PROTOCL_NODE: node, PATH: '/usr/bin:/bin' }, '--help');
      expect(stdout).toContain('--out FOLDER');
    }
    await expect(check({ PROTOCL_NODE: folder })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`PROTOCL_NODE (${folder}) is neither`),
    });
  });
});

describe('runStep', () => {
  const context = { minutes: 1, device: 'cuda:1' };
  const step = (code: string): Step => ({
    name: 'step',
    what: 'a test',
    arguments: () => ['-e', code],
    environment: ({ device }) => ({ STEP_DEVICE: device }),
  });

  test('keeps what the command prints, and takes its last line for the verdict', async () => {
    const code = 'console.log(process.env.STEP_DEVICE); console.error("7 specs, 0 failures")';
    const result = await runStep(step(code), { ...context, out: folder });
    expect(result).toMatchObject({ name: 'step', passed: true, verdict: '7 specs, 0 failures' });
    expect(readFileSync(join(folder, 'step.log'), 'utf8')).toContain('cuda:1\n');
  });

  test('a command that fails has not passed', async () => {
    const result = await runStep(step('console.log("bad"); process.exit(3)'), { ...context, out: folder });
    expect(result).toMatchObject({ passed: false, verdict: 'bad' });
  });

  test('a command that takes too long is ended', async () => {
    const code = 'console.log("begun"); setInterval(() => {}, 1000)';
    const result = await runStep(step(code), { ...context, minutes: 0.02, out: folder });
    expect(result).toMatchObject({ passed: false, verdict: 'ended by SIGTERM after begun' });
  });
});

test('the steps cover both devices, the fused ops and the benchmark', () => {
  const commands = steps.map(({ name, arguments: args, environment }) => {
    const context = { out: folder, device: 'cuda', minutes: 1 };
    return [name, args(context).join(' '), environment?.(context)['PROTOCL_DEVICE']];
  });
  expect(commands).toEqual([
    ['set-up', expect.stringContaining('gpu-check/setUp.ts'), undefined],
    ['conformance-cuda', expect.stringContaining('conformance/main.ts --device cuda'), undefined],
    ['conformance-cpu', expect.stringContaining('conformance/main.ts --device cpu'), undefined],
    ['fused-ops', expect.stringContaining('jest.config.mjs batchNorm'), 'cuda'],
    ['engine', expect.stringContaining('engine --device cuda --json'), undefined],
  ]);
});
