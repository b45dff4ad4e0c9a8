import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { workspaceRoot } from '../../setup/workspace.mjs';
import { boundaries } from '../boundaries.mjs';

interface Case {
  file: string;
  text: string;
  complaint: string | null;
}

const cases: Case[] = [
  { file: 'packages/backend/src/any.ts', text: "import '@protocl/core';", complaint: null },
  { file: 'packages/core/test/any.test.ts', text: "import '@protocl/core';", complaint: null },
  { file: 'packages/losses/test/any.test.ts', text: "import '@protocl/backend';", complaint: null },
  {
    file: 'packages/losses/src/any.ts',
    text: "import '@protocl/encoders';",
    complaint: 'can only depend on libs tagged with',
  },
  {
    file: 'packages/losses/test/any.test.ts',
    text: "import '@protocl/encoders';",
    complaint: 'can only depend on libs tagged with',
  },
  { file: 'tools/bench/any.ts', text: "import '@protocl/backend';", complaint: null },
  {
    file: 'packages/tfjs-backend-torch/src/any.ts',
    text: "import '@protocl/core';",
    complaint: 'can only depend on libs tagged with',
  },
  {
    file: 'packages/datasets/src/any.ts',
    text: "await import('@protocl/backend');",
    complaint: 'can only depend on libs tagged with',
  },
  { file: 'packages/core/src/any.ts', text: "import '@protocl/backend';", complaint: 'Circular dependency' },
  {
    file: 'packages/backend/src/any.ts',
    text: "import '../../core/src/index.js';",
    complaint: 'cannot be imported by a relative or absolute path',
  },
  {
    file: 'packages/core/src/any.ts',
    text: "import '../../../tools/lint/boundaries.mjs';",
    complaint: 'cannot be imported by a relative or absolute path',
  },
  {
    file: 'packages/core/src/any.ts',
    text: "import '@protocl/tools';",
    complaint: 'The tools are never published',
  },
];

/** Lints each text as if it were in its file; without types, of which these rules need none. */
const linter = `
  import { ESLint } from 'eslint';
  import { configs } from 'typescript-eslint';
  const eslint = new ESLint({ overrideConfig: [configs.disableTypeChecked] });
  const found = [];
  for (const { file, text } of ${JSON.stringify(cases)}) {
    const [{ messages }] = await eslint.lintText(text, { filePath: file });
    found.push(messages.map(({ message }) => message));
  }
  console.log(JSON.stringify(found));
`;

function node(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: workspaceRoot,
    env: { ...process.env, NX_DAEMON: 'false' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`node ended with ${String(status)}: ${stderr}`);
  return stdout;
}

let found: string[][];

beforeAll(() => {
  // The rule reads the project graph that Nx stored last.
  node(join('node_modules', 'nx', 'dist', 'bin', 'nx.js'), 'show', 'projects');
  found = JSON.parse(node('--input-type=module', '-e', linter)) as string[][];
}, 120_000);

describe('module boundaries', () => {
  test('list only packages that come earlier', () => {
    const names = Object.keys(boundaries);
    for (const [index, name] of names.entries()) {
      expect({
        name,
        later: boundaries[name]!.filter((imported) => names.indexOf(imported) >= index),
      }).toEqual({
        name,
        later: [],
      });
    }
  });

  test.each(cases.map((each, index) => ({ ...each, index })))('$file: $text', ({ index, complaint }) => {
    expect(found[index]).toEqual(complaint === null ? [] : [expect.stringContaining(complaint)]);
  });
});
