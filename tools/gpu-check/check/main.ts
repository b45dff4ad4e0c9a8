// Runs the check on the machine that the parts were carried to: travel/run starts it.
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { isProtoclError, writeFileAtomic } from '@protocl/core';

import { gpuCheckError } from '../errors.js';
import { probeMachine } from './machine.js';
import { markdownOf } from './markdown.js';
import { describeMachine, withStep, type CheckRecord, type StepRecord } from './record.js';
import { runStep, stepProgram } from './runStep.js';
import type { Step } from './step.js';
import { areImagesCarried, imagesIn } from './steps/images.js';
import { steps } from './steps.js';

const usage = `run [options]

Unpacks this part and runs the steps of the check that have not passed on this machine yet, the most telling
first, within a budget. Figures are kept from call to call, and written after every step.

  --minutes N     the budget of this call, unpacking included (default 10)
  --device NAME   cuda, cuda:N or cpu (default cuda); on cpu, everything is small
  --out FOLDER    for what is to come home: gpu-check.json, gpu-check.md, gpu-check.log and a training's
                  checkpoint (default: the variable OUT, else results beside what is unpacked)
  --only LIST     these steps alone, even if they have passed: ${steps.map(({ name }) => name).join(', ')}
  --again         all steps, even if they have passed
  --unpack        unpack only`;

/** What is kept free at the end, for the last figures. */
const MARGIN_SECONDS = 4;

interface Options {
  readonly home: string;
  readonly out: string;
  readonly device: string;
  readonly minutes: number;
  readonly only: readonly string[] | undefined;
  readonly again: boolean;
}

async function main(home: string, args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      device: { type: 'string', default: 'cuda' },
      out: { type: 'string', default: process.env['OUT'] ?? join(home, 'results') },
      only: { type: 'string' },
      again: { type: 'boolean', default: false },
      unpack: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (values.unpack) return 0;
  const { device, again } = values;
  const minutes = Number(values.minutes);
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !steps.some((step) => step.name === name));
  if (!(minutes > 0)) throw usageError('--minutes is out of range', values.minutes, 'a number above 0');
  if (!/^(cpu|cuda(:\d+)?)$/.test(device))
    throw usageError('there is no such device', device, 'cuda, cuda:N or cpu');
  if (unknown !== undefined)
    throw usageError('there is no such step', unknown, steps.map(({ name }) => name).join(', '));
  return check({ home, out: resolve(values.out), device, minutes, only, again });
}

async function check({ home, out, device, minutes, only, again }: Options): Promise<number> {
  const begun = Number(process.env['GPU_CHECK_STARTED'] ?? Date.now() / 1e3) * 1e3;
  const end = begun + minutes * 60e3 - MARGIN_SECONDS * 1e3;
  const python = process.env['PROTOCL_PEER_PYTHON'] ?? 'python3';
  const { machine, torchFolder } = await probeMachine(python, device);
  console.log(describeMachine(machine));

  const results = join(home, 'results');
  await mkdir(results, { recursive: true });
  await mkdir(out, { recursive: true });
  const commit = await programOf(home);
  const tiny = device === 'cpu';
  const logFile = join(results, 'gpu-check.log');
  const earlier = await readRecord(results);
  let record: CheckRecord = {
    steps: [],
    ...earlier,
    machine,
    calls: [
      ...(earlier?.calls ?? []),
      { date: new Date().toISOString(), minutes, readySeconds: (Date.now() - begun) / 1e3 },
    ],
    images: await imagesIn(home),
    tiny,
  };

  const chosen = steps.filter((step) => only?.includes(step.name) ?? (again || isDue(step, record, commit)));
  const ran: StepRecord[] = [];
  const perform = async (step: Step): Promise<void> => {
    console.log(`\n== ${step.name}: ${step.what}`);
    const reason = await reasonToSkip(step, { device, home, left: (end - Date.now()) / 1e3 });
    const done: StepRecord =
      reason === undefined
        ? await runStep(step, {
            settings: { home, device, results, tiny },
            end,
            program: stepProgram(join(home, 'app')),
            environment: {
              // What is built or decoded here stays with what was unpacked; nothing of the machine's user is touched.
              PROTOCL_CACHE: join(home, 'cache'),
              // Both sides compute with the same libtorch.
              PROTOCL_LIBTORCH: torchFolder,
              PROTOCL_PEER_PYTHON: python,
            },
            commit,
            log: (line) => console.log(`   ${line}`),
            logFile,
          })
        : { ...skipped(step, reason), commit };
    console.log(`== ${step.name}: ${done.status} after ${done.seconds.toFixed(0)} s${messageOf(done)}`);
    ran.push(done);
    // Written after every step, so that a machine that is taken away leaves what it has done.
    record = { ...record, images: await imagesIn(home), steps: withStep(record.steps, done) };
    await writeRecord(results, record);
    await bringHome(results, out);
  };
  // What fills the time has its own share of it, and all that is left when the others are through.
  const last = chosen.at(-1);
  const filler = chosen.find(({ repeats }) => repeats === 'while there is time');
  for (const step of chosen) await perform(step === filler && step === last ? unlimited(step) : step);
  if (
    filler !== undefined &&
    filler !== last &&
    ran.some(({ name, status }) => name === filler.name && status === 'passed')
  ) {
    const left = (end - Date.now()) / 1e3;
    if ((await reasonToSkip(filler, { device, home, left })) === undefined) await perform(unlimited(filler));
  }
  console.log(`\n${markdownOf({ ...record, steps: ran })}`);
  return ran.some(({ status }) => status === 'failed') ? 1 : 0;
}

/** Whether a step is to be run that nobody has asked for by name. */
function isDue({ name, repeats }: Step, { steps: before }: CheckRecord, commit: string): boolean {
  const earlier = before.find((step) => step.name === name);
  // What was cut has its figures, and would be cut again.
  if (earlier === undefined || earlier.status === 'failed' || earlier.status === 'skipped') return true;
  return repeats === 'while there is time' || (repeats === 'with a new program' && earlier.commit !== commit);
}

function unlimited(step: Step): Step {
  return { ...step, mostSeconds: Infinity };
}

/** The commit that was packed, and where it had changes, which. */
async function programOf(home: string): Promise<string> {
  const { commit, changed } = JSON.parse(await readFile(join(home, 'app/packed.json'), 'utf8')) as {
    commit: string;
    changed: boolean;
  };
  const digest = await readFile(join(home, 'app.sha256'), 'utf8');
  return changed ? `${commit}, changed (${digest.slice(0, 8)})` : commit;
}

function skipped({ name, what }: Step, message: string): Omit<StepRecord, 'commit'> {
  return { name, what, status: 'skipped', seconds: 0, message, figures: [] };
}

async function reasonToSkip(
  { needs = [], leastSeconds }: Step,
  { device, home, left }: { readonly device: string; readonly home: string; readonly left: number },
): Promise<string | undefined> {
  if (needs.includes('cuda') && device === 'cpu') return 'it is about CUDA';
  if (needs.includes('carried images') && !(await areImagesCarried(home)))
    return 'the parts with CIFAR-10 are not all here yet';
  if (needs.includes('images') && (await imagesIn(home)) === 'none') return 'there are no images yet';
  // Small sizes take a fraction of the time that the steps were estimated with.
  const needed = device === 'cpu' ? leastSeconds / 4 : leastSeconds;
  return left < needed ? `it takes ${needed} s, and ${Math.max(0, left).toFixed(0)} s are left` : undefined;
}

function messageOf({ message }: StepRecord): string {
  return message === undefined ? '' : `\n   ${message.replaceAll('\n', '\n   ')}`;
}

async function readRecord(results: string): Promise<CheckRecord | undefined> {
  const path = join(results, 'gpu-check.json');
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as CheckRecord) : undefined;
}

async function writeRecord(results: string, record: CheckRecord): Promise<void> {
  await writeFileAtomic(join(results, 'gpu-check.json'), `${JSON.stringify(record, null, 2)}\n`);
  await writeFileAtomic(join(results, 'gpu-check.md'), `${markdownOf(record)}\n`);
}

/** Not the newest is brought home, but all: what was there from an earlier call may be gone. */
async function bringHome(results: string, out: string): Promise<void> {
  if (results !== out) await cp(results, out, { recursive: true });
}

function usageError(message: string, given: string, expected: string): Error {
  return gpuCheckError('CHECK_USAGE', { message, given, expected, remedy: 'run --help tells the options' });
}

try {
  process.exitCode = await main(process.argv[2]!, process.argv.slice(3));
} catch (error) {
  // An error with a code has a message for the user; any other is a defect, and its stack tells more.
  console.error(isProtoclError(error) ? `gpu-check: ${error.message}` : error);
  process.exitCode = isProtoclError(error, 'DEVICE_MISSING') ? 2 : 1;
}
