import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { runStep } from '../check/runStep.js';
import type { Step } from '../check/step.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-check-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const step = (mostSeconds = 60): Step => ({
  name: 'tried',
  what: 'a test',
  leastSeconds: 1,
  mostSeconds,
  run: async () => undefined,
});

/** Runs a program in the place of a step's. */
async function run(code: string, { mostSeconds = 60, secondsLeft = 60 } = {}) {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, `const settings = JSON.parse(process.argv[2]);\n${code}`);
  const lines: string[] = [];
  const record = await runStep(step(mostSeconds), {
    settings: { home: folder, device: 'cpu', results: folder, tiny: true },
    end: Date.now() + secondsLeft * 1e3,
    program: [program],
    environment: { STEP_VARIABLE: 'given' },
    commit: 'abc',
    log: (line) => lines.push(line),
    logFile: join(folder, 'log'),
  });
  return { record, lines, log: readFileSync(join(folder, 'log'), 'utf8') };
}

/** An orphan that was ended may stay in the list until somebody asks for its exit code. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

const figure = (value: number) =>
  `process.send({ type: 'figure', figure: { kind: 'value', name: 'n', unit: 's', value: ${value} } });`;

test('a step that ends without a message has passed; its figures and output are kept', async () => {
  const { record, lines, log } = await run(
    `${figure(3)} console.log('printed', settings.step, process.env.STEP_VARIABLE);
     process.send({ type: 'log', line: 'told' }); process.send({ type: 'ended' });`,
  );
  expect(record).toMatchObject({
    name: 'tried',
    status: 'passed',
    commit: 'abc',
    figures: [{ name: 'n', value: 3 }],
  });
  expect(record.message).toBeUndefined();
  expect(lines).toEqual(['told']);
  expect(log).toContain('printed tried given');
});

test('a step that fails keeps its whole message and the figures before it', async () => {
  const { record } = await run(`${figure(1)} process.send({ type: 'ended', failure: 'first\\nsecond' });`);
  expect(record).toMatchObject({ status: 'failed', message: 'first\nsecond', figures: [{ value: 1 }] });
});

test('a step that says what it had no time for is cut', async () => {
  const { record } = await run(`${figure(1)} process.send({ type: 'ended', unfinished: 'the rest' });`);
  expect(record).toMatchObject({ status: 'cut', message: 'the rest', figures: [{ value: 1 }] });
});

test('a process that crashes has failed, and its last output says why', async () => {
  const { record } = await run(
    `${figure(1)} console.error('the last words'); setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 200);`,
  );
  expect(record).toMatchObject({ status: 'failed', figures: [{ value: 1 }] });
  expect(record.message).toMatch(/SIGSEGV[^]*the last words/);
});

test('a step whose time is over is cut off with all of its processes, and its figures are kept', async () => {
  const started = Date.now();
  const { record } = await run(
    `import { spawn } from 'node:child_process';
     const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)'], { stdio: 'ignore' });
     process.send({ type: 'figure', figure: { kind: 'value', name: 'pid', unit: '', value: child.pid } });
     setInterval(() => {}, 1e3);`,
    { secondsLeft: 4 },
  );
  expect(Date.now() - started).toBeLessThan(10_000);
  expect(record).toMatchObject({ status: 'cut', message: expect.stringContaining('time was over') });
  const [pid] = record.figures.map((each) => (each.kind === 'value' ? Number(each.value) : 0));
  await sleep(200);
  expect(isRunning(pid!)).toBe(false);
});

test('a step is told to be done before the end, and within its own time', async () => {
  const told = `${figure(0).replace('value: 0', 'value: settings.deadline - Date.now()')} process.send({ type: 'ended' });`;
  const [short, long] = [await run(told, { mostSeconds: 5 }), await run(told, { secondsLeft: 30 })];
  const milliseconds = ({ record }: typeof short) => (record.figures[0] as { value: number }).value;
  expect(milliseconds(short)).toBeLessThan(5_000);
  expect(milliseconds(short)).toBeGreaterThan(3_000);
  // Some seconds are kept for ending it by force.
  expect(milliseconds(long)).toBeLessThan(25_000);
  expect(milliseconds(long)).toBeGreaterThan(15_000);
});
