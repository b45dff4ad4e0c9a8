import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Installs another version of tfjs-core and its backends, for as long as `body` runs with the folder. */
export async function withTfjs<Result>(
  version: string,
  body: (folder: string) => Promise<Result>,
): Promise<Result> {
  // esbuild tells files by their real paths.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'protocl-tfjs-')));
  try {
    await writeFile(join(folder, 'package.json'), '{"private":true}');
    const packages = ['core', 'backend-cpu', 'backend-wasm'].map(
      (name) => `@tensorflow/tfjs-${name}@${version}`,
    );
    const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await promisify(execFile)('npm', ['install', ...options, ...packages], { cwd: folder });
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
