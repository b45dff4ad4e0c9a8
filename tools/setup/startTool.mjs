import { join } from 'node:path';
import { run, typescriptFlags } from './run.mjs';
import { setUp } from './setup.mjs';
import { workspaceRoot } from './workspace.mjs';

/**
 * Sets the repository up, then runs one of its tools with this process's arguments and ends with its exit code.
 *
 * @param {string} name the folder in `tools/` whose `main.ts` it is
 */
export async function startTool(name) {
  await setUp();
  const main = join(workspaceRoot, 'tools', name, 'main.ts');
  process.exit(
    await run(process.execPath, [...typescriptFlags(), main, ...process.argv.slice(2)], {
      cwd: process.cwd(),
    }),
  );
}
