import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { writeFileAtomic } from '@protocl/core';

import { cudaDevice, describeMachine } from './machine.js';
import { runStep, type StepResult } from './runStep.js';
import { steps } from './steps.js';

const usage = `tools/gpu-check/run [options]

Sets up, runs tfjs-core's suite and the parity tests of the fused ops on CUDA, the suite on the CPU,
and the engine benchmark on CUDA against PyTorch.

  --out FOLDER   for the results (default: OUT, else gpu-check-results)
  --only LIST    only these steps: ${steps.map(({ name }) => name).join(', ')}
  --device NAME  cuda or cuda:N (default cuda)
  --minutes N    stop a step that takes longer (default 20)`;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: process.env['OUT'] ?? 'gpu-check-results' },
    only: { type: 'string' },
    device: { type: 'string', default: 'cuda' },
    minutes: { type: 'string', default: '20' },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = values.help ? help() : await main();

function help(): number {
  console.log(usage);
  return 0;
}

async function main(): Promise<number> {
  const gpu = await cudaDevice(values.device);
  if ('missing' in gpu) {
    console.error(`gpu-check: there is no ${values.device} here. ${gpu.missing}`);
    return 2;
  }
  // Whatever libtorch would be found otherwise, it has to be the one that knows this device.
  process.env['PROTOCL_LIBTORCH'] ||= gpu.folder;
  const out = resolve(values.out);
  await mkdir(out, { recursive: true });
  const results: StepResult[] = [];
  for (const step of steps.filter(({ name }) => values.only?.split(',').includes(name) ?? true)) {
    console.log(`\n== ${step.name}: ${step.what}`);
    const result = await runStep(step, { out, device: values.device, minutes: Number(values.minutes) });
    results.push(result);
    console.log(`== ${step.name}: ${result.verdict}`);
    // Written after every step, so that a machine that is taken away leaves what it has done.
    await writeFileAtomic(join(out, 'summary.txt'), `${summary(describeMachine(gpu), results)}\n`);
  }
  console.log(`\n${summary(describeMachine(gpu), results)}`);
  return results.every(({ passed }) => passed) ? 0 : 1;
}

function summary(machine: string, results: readonly StepResult[]): string {
  const lines = results.map(
    ({ name, passed, verdict, seconds }) =>
      `${passed ? 'passed' : 'FAILED'}  ${name}: ${verdict} (${Math.round(seconds)} s)`,
  );
  return [machine, ...lines].join('\n');
}
