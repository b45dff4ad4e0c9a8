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

/** How a run can be watched and ended. */
export interface RunOptions {
  /** Ends the suite; the outcome then has what was done until then. */
  readonly signal?: AbortSignal;
}

/** Lines of the suite's own output that are shown when its process dies. */
const TAIL_LINES = 20;
/** A process that dies is followed by another, so that one spec does not hide all behind it; this often. */
const MOST_PROCESSES = 25;
/** After these a CUDA device answers every call of the process with the same error. */
const POISONED = /device-side assert|illegal memory access|unspecified launch failure|misaligned address/;

/**
 * Runs the bundled suite in a process of its own: a crash of native code then becomes a failure of the spec that was
 * running, and another process goes on behind that spec.
 */
export async function runSuite(
  bundle: string,
  settings: SuiteSettings,
  { signal }: RunOptions = {},
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'protocl-conformance-'));
  try {
    const file = join(folder, 'suite.mjs');
    await writeFile(file, bundle);
    const gathered: Gathered = { specs: 0, failures: [], excluded: [] };
    let after: number | undefined;
    for (let process = 0; process < MOST_PROCESSES; process++) {
      const last = await runProcess(
        file,
        { ...settings, ...(after !== undefined && { after }) },
        gathered,
        signal,
      );
      if (last === undefined || signal?.aborted === true) break;
      after = last;
    }
    return gathered;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Gathered {
  specs: number;
  readonly failures: Failure[];
  readonly excluded: string[];
}

/** @returns the spec to go on behind, where the process ended in the midst of one; undefined where there is no more */
async function runProcess(
  file: string,
  settings: SuiteSettings,
  gathered: Gathered,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const { failures, excluded } = gathered;
  let running: { spec: string; id: number } | undefined;
  let poisonedBy: number | undefined;
  let finished = false;
  let output = '';
  const gather = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  const end = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', end);
  child.stdout?.on('data', gather);
  child.stderr?.on('data', gather);
  child.on('message', (event: SuiteEvent) => {
    // What a process says after that is no news of the backend.
    if (poisonedBy !== undefined) return;
    switch (event.type) {
      case 'started':
        running = event;
        break;
      case 'done':
        if (event.status === 'failed' && event.messages.some((message) => POISONED.test(message))) {
          poisonedBy = running?.id;
          end();
        }
        running = undefined;
        if (event.status === 'excluded') excluded.push(event.spec);
        if (event.status === 'failed') failures.push(event);
        if (event.status === 'failed' || event.status === 'passed') gathered.specs++;
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
      child.once('close', (code, how) => resolve(how ?? `exit code ${code}`));
    }),
    new Promise<void>((resolve) => child.once('disconnect', resolve)),
  ]);
  signal?.removeEventListener('abort', end);
  if (poisonedBy !== undefined) return poisonedBy;
  if (signal?.aborted === true || (finished && ending === 'exit code 0')) return undefined;
  const said = output.split('\n').filter((line) => line !== '' && !/^\s+at /.test(line));
  failures.push({
    spec: running?.spec ?? 'the suite',
    file: '',
    messages: [`The process ended with ${ending}. It last said:\n${said.slice(-TAIL_LINES).join('\n')}`],
  });
  return running?.id;
}
