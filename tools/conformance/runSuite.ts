import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SuiteEvent, SuiteSettings } from './suite/events.js';

/** A spec that failed, or a suite whose set-up did. */
export interface Failure {
  readonly spec: string;
  /** The test file, relative to tfjs-core's `dist`. */
  readonly file: string;
  readonly messages: readonly string[];
}

/** What came of a run. */
export interface Outcome {
  /** How many specs ran to a verdict. */
  readonly specs: number;
  readonly failures: readonly Failure[];
  /** Names of the specs that exclusions.ts leaves out and that do exist. */
  readonly excluded: readonly string[];
}

/** Lines of the suite's own output that are shown when its process dies. */
const TAIL_LINES = 20;

/**
 * Runs the bundled suite in a process of its own: a crash of native code then becomes a failure of the spec that was
 * running instead of the end of the runner.
 */
export async function runSuite(bundle: string, settings: SuiteSettings): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'protocl-conformance-'));
  try {
    const file = join(folder, 'suite.mjs');
    await writeFile(file, bundle);
    return await runFile(file, settings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runFile(file: string, settings: SuiteSettings): Promise<Outcome> {
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let specs = 0;
  const failures: Failure[] = [];
  const excluded: string[] = [];
  let running: string | undefined;
  let finished = false;
  let output = '';
  const gather = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout?.on('data', gather);
  child.stderr?.on('data', gather);
  child.on('message', (event: SuiteEvent) => {
    switch (event.type) {
      case 'started':
        running = event.spec;
        break;
      case 'done':
        running = undefined;
        if (event.status === 'excluded') excluded.push(event.spec);
        if (event.status === 'failed') failures.push(event);
        if (event.status === 'failed' || event.status === 'passed') specs++;
        break;
      case 'suiteFailed':
        failures.push({ spec: event.suite, file: '', messages: event.messages });
        break;
      case 'finished':
        finished = true;
        if (event.problem !== undefined)
          failures.push({ spec: 'the suite', file: '', messages: [event.problem] });
        break;
      default:
        event satisfies never;
    }
  });
  // What the process has sent may arrive after its end.
  const [ending] = await Promise.all([
    new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    }),
    new Promise<void>((resolve) => child.once('disconnect', resolve)),
  ]);
  if (!finished || ending !== 'exit code 0') {
    const said = output.split('\n').filter((line) => line !== '' && !/^\s+at /.test(line));
    const tail = said.slice(-TAIL_LINES).join('\n');
    failures.push({
      spec: running ?? 'the suite',
      file: '',
      messages: [`The process ended with ${ending}. It last said:\n${tail}`],
    });
  }
  return { specs, failures, excluded };
}
