import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isProtoclError } from '@protocl/core';
import { afterAll, describe, expect, jest, test } from '@jest/globals';

import type { StepRecord } from '../check/record.js';
import { findNamespaces } from '../rehearse/namespaces.js';
import { brokenByPart, brokenBySteps, returnedFiles } from '../rehearse/promises.js';
import { readReport } from '../rehearse/readReport.js';
import { rehearse, type RehearsalResult, type RehearseOptions } from '../rehearse/rehearse.js';
import { writeFakeTorch } from './fakeTorch.js';

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'rehearse-test-'));
const modules = join(folder, 'modules');
writeFakeTorch(modules);
const temporary = join(folder, 'temporary');
mkdirSync(temporary);
const environment = { ...process.env };
process.env['TMPDIR'] = temporary;
afterAll(() => {
  process.env = environment;
  rmSync(folder, { recursive: true });
});

const python = { python: 'python3', modulePath: [modules], name: 'PyTorch 9.9' };
const trial = join(folder, 'trial');
mkdirSync(trial);
const possible = await findNamespaces(trial).then(
  () => true,
  (error: unknown) => {
    if (!isProtoclError(error, 'REHEARSAL_UNAVAILABLE')) throw error;
    console.warn(`the rehearsal is not tested. ${error.message}`);
    return false;
  },
);

function step(name: string, status: StepRecord['status'], message?: string): StepRecord {
  return {
    name,
    what: `does ${name}`,
    status,
    seconds: 1,
    figures: [],
    commit: 'c',
    ...(message && { message }),
  };
}

function reportOf(...steps: readonly StepRecord[]): string {
  return JSON.stringify({ machine: { device: 'cpu' }, steps });
}

let parts = 0;
/** A part whose `run` leaves a report, after what else it does. */
function writePart(report: string, body = ''): string {
  const part = join(folder, `set-${parts}`, `part-${++parts}`);
  mkdirSync(part, { recursive: true });
  writeFileSync(join(part, 'report.json'), report);
  writeFileSync(
    join(part, 'run'),
    `#!/bin/sh\nset -eu\necho "$@"\n${body}\ncp "$(dirname "$0")/report.json" "$OUT/gpu-check.json"\n`,
  );
  chmodSync(join(part, 'run'), 0o755);
  return part;
}

const heard: string[] = [];
function rehearsal(
  options: Partial<RehearseOptions> & Pick<RehearseOptions, 'parts'>,
): Promise<RehearsalResult> {
  heard.length = 0;
  return rehearse({ device: 'cpu', minutes: 1, python, log: (line) => heard.push(line), ...options });
}

(possible ? describe : describe.skip)('rehearse', () => {
  test('sends and runs one part after the other', async () => {
    const first = writePart(
      reportOf(
        step('build', 'passed'),
        step('train', 'skipped', 'needs part-2'),
        step('nvrtc', 'skipped', 'needs CUDA'),
      ),
      'mkdir ../repo/.gpu-check/unpacked; ls .gpu-check',
    );
    const second = writePart(
      reportOf(step('build', 'skipped', 'done'), step('train', 'passed')),
      'ls .gpu-check; echo 1 >$OUT/extra.csv',
    );
    const out = join(folder, 'results');
    const result = await rehearsal({
      parts: [first, second],
      steps: ['build', 'train', 'nvrtc'],
      minutes: 0.5,
      out,
    });

    expect(result.broken).toEqual([]);
    expect(result.calls).toMatchObject([
      { part: 'part-1', code: 0, files: [{ name: 'gpu-check.json' }], broken: [] },
      { part: 'part-2', code: 0, files: [{ name: 'extra.csv', bytes: 2 }, { name: 'gpu-check.json' }] },
    ]);
    expect(result.calls[1]!.report!.steps[1]).toMatchObject({ name: 'train', status: 'passed' });
    const said = heard.filter((line) => line.startsWith('  '));
    const options = '  --device cpu --minutes 0.5 --out /out --only build,train,nvrtc';
    expect(said).toEqual([options, '  part-1', '  unpacked', options, '  part-2', '  unpacked']);
    expect(readFileSync(join(out, 'part-2/extra.csv'), 'utf8')).toBe('1\n');
  });

  test('names every promise that is broken, and goes on only if told to', async () => {
    const late = writePart(reportOf(step('build', 'failed', 'no compiler')), 'sleep 1.4; echo oh; exit 3');
    const good = writePart(reportOf(step('train', 'cut', 'after 3 of 9')));
    const result = await rehearsal({ parts: [late, good], minutes: 0.02, keepGoing: true });
    expect(result.broken).toEqual([
      expect.stringMatching(/^part-\d: it ended with 3: oh$/),
      expect.stringMatching(/^part-\d: it took \d\.\d s, more than its 0\.02 minutes$/),
      expect.stringMatching(/^part-\d: it left no gpu-check\.json$/),
      'step train did not fit into the minutes: after 3 of 9',
    ]);
    expect(readdirSync(temporary)).toEqual([]);

    const stopped = await rehearsal({ parts: [late, good], steps: ['train'] });
    expect(stopped.calls).toHaveLength(1);
    expect(stopped.broken.slice(-2)).toEqual(['1 more parts were not run', 'step train was not run']);
  });

  test('refuses folders that are no parts', async () => {
    const usage = { code: 'REHEARSAL_USAGE', remedy: expect.stringContaining('pack') };
    await expect(rehearsal({ parts: [] })).rejects.toMatchObject(usage);
    await expect(rehearsal({ parts: [folder] })).rejects.toMatchObject(usage);
  });
});

describe('promises', () => {
  const large = (path: string, mib: number): void => {
    writeFileSync(path, '');
    truncateSync(path, Math.floor(mib * 2 ** 20) + 1);
  };

  test('of a part: its size, and plain files', async () => {
    const part = writePart(reportOf());
    large(join(part, 'node.tar.gz'), 54.9);
    expect(await brokenByPart(part)).toEqual([]);
    large(join(part, 'node.tar.gz'), 55);
    symlinkSync('run', join(part, 'start'));
    expect(await brokenByPart(part)).toEqual([
      'it is 55.0 MiB, above 55.0 MiB',
      'start is no plain file, and may not travel',
    ]);
  });

  test('of what comes back: number, size, depth, names and kind of files', async () => {
    const out = join(folder, 'returned');
    mkdirSync(join(out, 'a/b/c'), { recursive: true });
    for (let i = 0; i < 4; i++) large(join(out, `a/${i}`), 15.9);
    writeFileSync(join(out, 'a/b/deep'), '');
    expect((await returnedFiles(out)).broken).toEqual([]);

    large(join(out, 'a/3'), 16);
    writeFileSync(join(out, 'a/b/c/deeper'), '');
    writeFileSync(join(out, 'a name'), '');
    symlinkSync('a', join(out, 'link'));
    writeFileSync(join(out, 'ninth'), '');
    const { files, broken } = await returnedFiles(out);
    expect(files).toHaveLength(9);
    expect(broken).toEqual([
      "a name does not come back: its name has more than letters, digits, '.', '_' and '-'",
      'a/3 does not come back: it is 16.0 MiB, above 16.0 MiB',
      'a/b/c/deeper does not come back: it is more than 2 folders down',
      'link does not come back: it is no plain file',
      'it leaves 9 files, of which 8 come back',
    ]);
    large(join(out, 'a/b/deep'), 1);
    expect((await returnedFiles(out)).broken.at(-1)).toMatch(/its files take 64\.\d MiB together/);
  });

  test('of the steps: all run, none failed, and skipped only for want of CUDA', () => {
    const broken = (...steps: readonly StepRecord[]): string[] => brokenBySteps([{ steps }]);
    expect(broken(step('a', 'passed'), step('b', 'skipped', 'needs a CUDA device'))).toEqual([]);
    expect(broken()).toEqual(['no step was run']);
    expect(broken(step('a', 'skipped'))).toEqual(['step a was skipped without saying why']);
    expect(broken(step('a', 'skipped', 'no images'))).toEqual([
      'step a was skipped, though not for want of CUDA: no images',
    ]);
    // What has failed once has failed, whatever another call says.
    expect(broken(step('a', 'failed', 'x'), step('a', 'passed'))).toEqual(['step a failed: x']);
    expect(broken(step('a', 'failed', 'x'), step('a', 'failed', 'x'))).toEqual(['step a failed: x']);
    // What had no time or no part yet may have it in a later call, and need not pass twice.
    expect(broken(step('a', 'cut'), step('a', 'skipped', 'no time'), step('a', 'passed'))).toEqual([]);
    expect(broken(step('a', 'passed'), step('a', 'cut'))).toEqual([]);
    expect(broken(step('a', 'skipped', 'no CUDA'), step('a', 'cut', 'x'))).toEqual([
      'step a did not fit into the minutes: x',
    ]);
    expect(brokenBySteps([{ steps: [step('a', 'passed')] }], ['a', 'b'])).toEqual(['step b was not run']);
  });

  test.each([
    ['its form', '{', 'its gpu-check.json is no JSON'],
    ['no machine', '{"steps":[]}', 'its gpu-check.json names no machine'],
    ['no steps', '{"machine":{}}', 'its gpu-check.json has no list of steps'],
    ['an unknown status', reportOf(step('a', 'done' as 'passed')), 'its gpu-check.json has no list of steps'],
  ])('of the report, which is refused for %s', async (_, text, wrong) => {
    const out = mkdtempSync(join(folder, 'report-'));
    expect(await readReport(out)).toEqual({ wrong: 'it left no gpu-check.json' });
    writeFileSync(join(out, 'gpu-check.json'), text);
    expect(await readReport(out)).toEqual({ wrong: expect.stringContaining(wrong) });
  });
});
