import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { bundleSuite, tfjsPackage } from './bundle.js';
import { exclusions } from './exclusions.js';
import { problemsOfFullRun } from './fullRun.js';
import { withTfjs } from './installTfjs.js';
import { type Failure, runSuite } from './runSuite.js';
import { type BackendName, backendNames } from './suite/events.js';

const usage = `Runs tfjs-core's own test suite on a backend.

  --backend NAME   ${backendNames.join(', ')}. Default: torch
  --device NAME    cpu, cuda, cuda:N or mps. Default: PROTOCL_DEVICE, else cpu
  --filter TEXT    only the specs with this text in their name or file
  --tfjs VERSION   another version of TensorFlow.js than the repository has, such as 4.8.0, the oldest that we take
  --addon FILE     the compiled addon; without it, it is prepared
  --json FILE      write the counts: { specs, failures, excluded }
  --failures FILE  write the failing specs, grouped by file
`;

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'torch' },
    device: { type: 'string', default: process.env['PROTOCL_DEVICE'] ?? 'cpu' },
    filter: { type: 'string' },
    tfjs: { type: 'string' },
    addon: { type: 'string' },
    json: { type: 'string' },
    failures: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(usage);
} else if (values.tfjs === undefined) {
  await main();
} else {
  await withTfjs(values.tfjs, main);
}

async function main(tfjsFolder?: string): Promise<void> {
  const backend = values.backend as BackendName;
  if (!backendNames.includes(backend)) throw new Error(`There is no backend '${backend}'.\n\n${usage}`);
  const excluded = backend === 'torch' ? exclusions : [];
  const addonPath = backend === 'torch' ? await findAddon() : undefined;
  const outcome = await runSuite(await bundleSuite(backend, tfjsFolder), {
    backend,
    device: values.device,
    addonPath,
    wasmFolder: `${join(tfjsPackage('backend-wasm', tfjsFolder), 'dist')}/`,
    filter: values.filter,
    excluded: excluded.map((exclusion) => exclusion.spec),
  });
  const problems = values.filter === undefined ? problemsOfFullRun(backend, outcome) : [];

  for (const failure of outcome.failures) process.stdout.write(`${describeFailure(failure)}\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  const failures = outcome.failures.length + problems.length;
  const counts = { specs: outcome.specs, failures, excluded: outcome.excluded.length };
  if (values.failures !== undefined) await writeWhole(values.failures, groupByFile(outcome.failures));
  if (values.json !== undefined) await writeWhole(values.json, `${JSON.stringify(counts)}\n`);
  process.stdout.write(`${counts.specs} specs, ${counts.failures} failures, ${counts.excluded} excluded\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

async function findAddon(): Promise<string> {
  if (values.addon !== undefined) return resolve(values.addon);
  const { prepareTorch } = await import('@protocl/tfjs-backend-torch');
  const prepared = await prepareTorch({ log: (line) => process.stdout.write(`${line}\n`) });
  return prepared.addonPath;
}

function describeFailure({ spec, file, messages }: Failure): string {
  return [`FAILED ${file === '' ? '' : `${file}: `}${spec}`, ...messages.slice(0, 3).map(shortened)].join(
    '\n',
  );
}

/** A message that fits on a few lines of a terminal. */
function shortened(message: string): string {
  const lines = message.split('\n').slice(0, 24).join('\n    ');
  return `    ${lines.length > 1_200 ? `${lines.slice(0, 1_200)}...` : lines}`;
}

function groupByFile(failures: readonly Failure[]): string {
  const files = new Map<string, Failure[]>();
  for (const failure of failures) files.set(failure.file, [...(files.get(failure.file) ?? []), failure]);
  const groups = [...files].sort(([a], [b]) => a.localeCompare(b));
  return groups
    .map(([file, group]) => {
      const specs = group.map(
        ({ spec, messages }) => `  ${spec}\n      ${(messages[0] ?? '').split('\n')[0]?.slice(0, 200)}\n`,
      );
      return `${file} (${group.length})\n${specs.join('')}`;
    })
    .join('\n');
}

async function writeWhole(file: string, text: string): Promise<void> {
  const path = resolve(file);
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${process.pid}.tmp`);
  await writeFile(temporary, text, { flush: true });
  await rename(temporary, path);
}
