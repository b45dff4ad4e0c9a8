#!/usr/bin/env node
import { parseArgs } from 'node:util';

import { TorchBackendError } from '../errors.js';
import { prepareTorch } from '../libtorch/prepare.js';
import { diagnose } from './diagnose.js';
import { renderDiagnosis } from './renderDiagnosis.js';

const USAGE = `Usage: protocl-torch COMMAND

  doctor [--json]       tell what was found, what is missing and how to get it;
                        exit code 0 only where the backend runs
  prepare [--no-fetch]  find or fetch libtorch and compile the addon, now instead of at the first start

Environment
  PROTOCL_LIBTORCH  folder of the libtorch to use
  PROTOCL_CACHE     folder for the fetched libtorch and the compiled addon
`;

/** The exit code for a use that is not understood, as is usual. */
const USAGE_ERROR = 2;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      'no-fetch': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help === true || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === 'doctor' && rest.length === 0) return doctor(values.json === true);
  if (command === 'prepare' && rest.length === 0) return prepare(values['no-fetch'] !== true);
  process.stderr.write(USAGE);
  return USAGE_ERROR;
}

async function doctor(asJson: boolean): Promise<number> {
  const diagnosis = await diagnose();
  console.log(asJson ? JSON.stringify(diagnosis, null, 2) : renderDiagnosis(diagnosis));
  return diagnosis.ok ? 0 : 1;
}

async function prepare(allowFetch: boolean): Promise<number> {
  const { addonPath, libtorch } = await prepareTorch({ allowFetch, log: (line) => console.log(line) });
  console.log(`ready: libtorch ${libtorch.version}, addon ${addonPath}`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!isUsage && !(error instanceof TorchBackendError)) throw error;
  console.error(error.message);
  if (isUsage) process.stderr.write(USAGE);
  process.exitCode = isUsage ? USAGE_ERROR : 1;
}
