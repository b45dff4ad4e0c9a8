import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PassThrough } from 'node:stream';

/** Where a step runs and where it leaves its files. */
export interface StepContext {
  /** An existing folder. */
  readonly out: string;
  readonly device: string;
  /** After this many the step is ended and counts as failed. */
  readonly minutes: number;
}

/** One command of the check. */
export interface Step {
  readonly name: string;
  /** What it does, in a few words. */
  readonly what: string;
  /** Arguments for Node. */
  readonly arguments: (context: StepContext) => readonly string[];
  /** Added to the environment. */
  readonly environment?: (context: StepContext) => Readonly<Record<string, string>>;
}

/** What came of a step. */
export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
  /** The last line that it printed, or why it ended. */
  readonly verdict: string;
  readonly seconds: number;
}

/** Runs a step; its output goes to the terminal and to `NAME.log`. */
export async function runStep(step: Step, context: StepContext): Promise<StepResult> {
  const start = performance.now();
  const child = spawn(process.execPath, step.arguments(context), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...step.environment?.(context) },
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), context.minutes * 60e3);

  let lastLine = '';
  const output = new PassThrough();
  const remember = (chunk: Buffer): void => {
    process.stdout.write(chunk);
    output.write(chunk);
    lastLine = chunk.toString().trimEnd().split('\n').at(-1) || lastLine;
  };
  child.stdout.on('data', remember);
  child.stderr.on('data', remember);
  const written = pipeline(output, createWriteStream(join(context.out, `${step.name}.log`)));

  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...ended) => resolve(ended));
  });
  clearTimeout(timer);
  output.end();
  await written;
  return {
    name: step.name,
    passed: code === 0,
    verdict: signal === null ? lastLine : `ended by ${signal} after ${lastLine}`,
    seconds: (performance.now() - start) / 1e3,
  };
}
