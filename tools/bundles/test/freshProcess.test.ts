import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

import { expectFindings } from '../expectFindings.js';
import { PAGES, program, SOURCES } from '../pages.js';
import type { Findings } from '../pages/page.js';

const TELL = `globalThis.tellFindings = (found, error) => {
  if (error) throw new Error(error);
  console.log('FOUND' + JSON.stringify(found));
};`;

// Each package by itself beside TensorFlow.js and a backend: what it differentiates, and the program's own ops with
// it, has gradients, and on wasm the kernels for them.
test.each(PAGES)(
  '%s works beside tfjs-core and wasm alone, with the own ops of a program',
  async (name) => {
    const source = `${program(name, 'wasm')}\n${TELL}`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [`--conditions=${SOURCES}`, '--import', 'tsx', '--input-type=module', '--eval', source],
      { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    expect(stdout).toContain('FOUND');
    expectFindings(JSON.parse(/^FOUND(.*)$/m.exec(stdout)![1]!) as Findings);
  },
  120_000,
);
