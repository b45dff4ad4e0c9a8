import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { bundleName } from '../bundleName.js';
import type { Figure, StepRecord } from './record.js';
import type { Step } from './step.js';
import type { StepMessage, StepSettings } from './stepProcess.js';

/** How a step's process is run. */
export interface RunStepOptions {
  readonly settings: Omit<StepSettings, 'step' | 'deadline'>;
  /** When everything has to be over, in milliseconds since 1970. */
  readonly end: number;
  /** The program of the step's process. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly commit: string;
  /** Receives what the step tells, a line at a time. */
  readonly log: (line: string) => void;
  /** All that the step's processes print is added to this file. */
  readonly logFile: string;
}

/** A step may take this long to stop after its deadline before it is ended. */
const GRACE_SECONDS = 8;
/** The last lines of its output that the record of a crashed step has. */
const TAIL_LINES = 60;

/** Runs a step in a process group of its own, which is gone when the step's time is over. */
export async function runStep(step: Step, options: RunStepOptions): Promise<StepRecord> {
  const { settings, end, program, environment, commit, log, logFile } = options;
  const begun = Date.now();
  const killAt = Math.min(end, begun + (step.mostSeconds + GRACE_SECONDS) * 1e3);
  const deadline = Math.min(begun + step.mostSeconds * 1e3, end - GRACE_SECONDS * 1e3);
  const full: StepSettings = { ...settings, step: step.name, deadline };
  const child = spawn(process.execPath, [...program, JSON.stringify(full)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
    detached: true,
  });
  const figures: Figure[] = [];
  const tail: string[] = [];
  let ended: Extract<StepMessage, { type: 'ended' }> | undefined;
  let isCut = false;
  child.on('message', (message: StepMessage) => {
    if (message.type === 'figure') figures.push(message.figure);
    else if (message.type === 'log') log(message.line);
    else ended = message;
  });
  appendFileSync(logFile, `\n== ${step.name}\n`);
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk: Buffer) => {
      appendFileSync(logFile, chunk);
      tail.push(
        ...chunk
          .toString()
          .split('\n')
          .filter((line) => line !== ''),
      );
      tail.splice(0, tail.length - TAIL_LINES);
    });
  }
  const timer = setTimeout(() => {
    isCut = true;
    endGroup(child.pid);
  }, killAt - begun);
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  clearTimeout(timer);
  // Processes that the step has started and not ended.
  endGroup(child.pid);

  const seconds = (Date.now() - begun) / 1e3;
  const record = { name: step.name, what: step.what, seconds, figures, commit };
  if (ended?.failure !== undefined) return { ...record, status: 'failed', message: ended.failure };
  if (ended?.unfinished !== undefined) return { ...record, status: 'cut', message: ended.unfinished };
  if (ended !== undefined) return { ...record, status: 'passed' };
  if (isCut) return { ...record, status: 'cut', message: `its time was over after ${seconds.toFixed(0)} s` };
  const message = `its process ended with ${ending}. It last said:\n${tail.join('\n')}`;
  return { ...record, status: 'failed', message };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** The program of a step's process, beside the check's own. */
export function stepProgram(bundles: string): string[] {
  return [join(bundles, bundleName('tools/gpu-check/check/stepProcess.ts'))];
}
