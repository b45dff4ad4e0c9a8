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

  test('goes on behind the spec that it is told', async () => {
    const all = await runSuite(bundle, { ...settings, filter: 'ops/square_test.js' });
    const none = await runSuite(bundle, { ...settings, filter: 'ops/square_test.js', after: 1e6 });
    expect(all.specs).toBeGreaterThan(0);
    expect(none).toEqual({ specs: 0, failures: [], excluded: [] });
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

  test('and crashes is followed by another, which goes on behind that spec', async () => {
    const outcome = await runSuite(
      `const settings = JSON.parse(process.argv[2]);
       if (settings.after === 8) {
         ${done} process.send({ type: 'finished', problem: undefined }); process.disconnect();
       } else {
         process.send({ type: 'started', spec: 'two', id: 8 });
         process.kill(process.pid, 'SIGSEGV');
       }`,
      settings,
    );
    expect(outcome).toMatchObject({ specs: 1, failures: [{ spec: 'two' }] });
  });

  test('and has lost its device is ended behind the spec that lost it', async () => {
    const outcome = await runSuite(
      `const settings = JSON.parse(process.argv[2]);
       const failed = (spec, message) =>
         process.send({ type: 'done', spec, file: '', status: 'failed', messages: [message] });
       if (settings.after === 3) {
         ${done} process.send({ type: 'finished', problem: undefined }); process.disconnect();
       } else {
         process.send({ type: 'started', spec: 'bad', id: 3 });
         failed('bad', 'CUDA error: device-side assert triggered');
         process.send({ type: 'started', spec: 'innocent', id: 4 });
         failed('innocent', 'CUDA error: device-side assert triggered');
         setInterval(() => {}, 1000);
       }`,
      settings,
    );
    expect(outcome).toMatchObject({ specs: 2, failures: [{ spec: 'bad' }] });
  });

  test('can be ended, and what it has told counts', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1000);
    const outcome = await runSuite(`${done} setInterval(() => {}, 1000);`, settings, controller);
    expect(outcome).toEqual({ specs: 1, failures: [], excluded: [] });
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
