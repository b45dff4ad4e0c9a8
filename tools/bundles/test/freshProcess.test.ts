import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

import { expectFindings, PAGES, program } from '../pages.js';
import type { Findings } from '../pages/page.js';

// Each package by itself beside TensorFlow.js and a backend: what it differentiates, and the program's own ops with
// it, has gradients, and on wasm the kernels for them.
test.each(PAGES)(
  '%s works beside tfjs-core and wasm alone, with the own ops of a program',
  async (name) => {
    const source = program(
      name,
      'wasm',
      '(found, error) => { if (error) throw new Error(error); console.log("FOUND" + JSON.stringify(found)); }',
    );
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@protocl/source', '--import', 'tsx', '--input-type=module', '--eval', source],
      { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expectFindings(JSON.parse(/^FOUND(.*)$/m.exec(stdout)?.[1] ?? '{}') as Findings);
    expect(stdout).toContain('FOUND');
  },
  120_000,
);
