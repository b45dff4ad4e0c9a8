import { beforeAll, describe, expect, test } from '@jest/globals';

import { bundleSuite } from '../bundle.js';
import { exclusions, MAXIMUM_EXCLUSIONS } from '../exclusions.js';
import { runSuite } from '../runSuite.js';
import type { SuiteSettings } from '../suite/events.js';

const settings: SuiteSettings = {
  backend: 'cpu',
  device: 'cpu',
  addonPath: undefined,
  wasmFolder: '',
  filter: undefined,
  excluded: [],
};

test('every exclusion has a reason of its own, and there are few', () => {
  expect(exclusions.length).toBeLessThanOrEqual(MAXIMUM_EXCLUSIONS);
  expect(new Set(exclusions.map(({ spec }) => spec)).size).toBe(exclusions.length);
  expect(exclusions.filter(({ reason }) => reason.trim() === '')).toEqual([]);
});

describe("tfjs-core's suite on its own backend", () => {
  let bundle: string;

  beforeAll(async () => {
    bundle = await bundleSuite('cpu');
  }, 60_000);

  test('runs the specs of a file, all of which pass', async () => {
    const outcome = await runSuite(bundle, { ...settings, filter: 'ops/square_test.js' });
    expect(outcome).toEqual({ specs: expect.any(Number), failures: [], excluded: [] });
    expect(outcome.specs).toBeGreaterThan(5);
  }, 60_000);

  test('leaves out what is excluded, by its full name', async () => {
    const excluded = ['square 1D array', 'square no such spec'];
    const all = await runSuite(bundle, { ...settings, filter: 'ops/square_test.js' });
    const fewer = await runSuite(bundle, { ...settings, filter: 'ops/square_test.js', excluded });
    expect(fewer.excluded).toEqual(['square 1D array']);
    expect(fewer.specs).toBe(all.specs - 1);
  }, 60_000);
});

describe('a process that runs the suite', () => {
  const done =
    "process.send({ type: 'done', spec: 'one', file: 'a_test.js', status: 'passed', messages: [] });";

  test('and crashes is a failure of the spec that was running', async () => {
    const outcome = await runSuite(
      `${done} process.send({ type: 'started', spec: 'two' });
       console.error('the last words'); process.kill(process.pid, 'SIGSEGV');`,
      settings,
    );
    expect(outcome).toMatchObject({ specs: 1, failures: [{ spec: 'two' }] });
    expect(outcome.failures[0]?.messages[0]).toMatch(/SIGSEGV[^]*the last words/);
  });

  test('and ends early is a failure, though no spec failed', async () => {
    const outcome = await runSuite(done, settings);
    expect(outcome).toMatchObject({ specs: 1, failures: [{ spec: 'the suite' }] });
  });

  test('and reports failures is believed', async () => {
    const outcome = await runSuite(
      `process.send({ type: 'done', spec: 'two', file: 'a_test.js', status: 'failed', messages: ['1 is not 2'] });
       process.send({ type: 'done', spec: 'three', file: 'a_test.js', status: 'skipped', messages: [] });
       process.send({ type: 'finished', problem: undefined });`,
      settings,
    );
    expect(outcome).toMatchObject({
      specs: 1,
      failures: [{ spec: 'two', messages: ['1 is not 2'] }],
      excluded: [],
    });
  });
});
