import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { bundleName } from '../bundleName.js';
import { gpuCheckError } from '../errors.js';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Carried as they are: sharp finds its binaries beside itself, and the compiler reads Node's headers. */
const CARRIED = ['sharp', 'node-api-headers'];
/** What sharp computes with on a Linux machine; its packages for other machines are not taken along. */
const SHARP_BINARIES = ['@img/sharp-linux-x64', '@img/sharp-libvips-linux-x64'];

/** Fills a `node_modules` with the packages that cannot be bundled, and with our engine's name for its bundle. */
export async function writeNodeModules(folder: string): Promise<void> {
  const from = new URL('../../../packages/augment/src/index.ts', import.meta.url).href;
  const torch = new URL('../../../packages/tfjs-backend-torch/src/index.ts', import.meta.url).href;
  const taken = new Set<string>();
  for (const name of CARRIED) await carry(name, name === 'sharp' ? from : torch, folder, taken);
  const missing = SHARP_BINARIES.filter((name) => !taken.has(name));
  if (missing.length > 0) {
    throw gpuCheckError('PACK_UNSUPPORTED', {
      message: "sharp's binaries for Linux are not installed here",
      given: missing.join(', '),
      expected: 'a Linux machine with an x86-64 processor and glibc, as the one with the GPU',
      remedy: 'Pack the check on such a machine',
    });
  }
  await nameTorch(folder);
}

async function carry(name: string, from: string, folder: string, taken: Set<string>): Promise<void> {
  if (taken.has(name)) return;
  const root = packageFolder(name, from);
  taken.add(name);
  await cp(root, join(folder, name), { recursive: true, dereference: true });
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  const inside = join(root, 'package.json');
  for (const dependency of Object.keys(manifest.dependencies ?? {}))
    await carry(dependency, inside, folder, taken);
  for (const dependency of Object.keys(manifest.optionalDependencies ?? {})) {
    if (SHARP_BINARIES.includes(dependency) && isInstalled(dependency, inside))
      await carry(dependency, inside, folder, taken);
  }
}

/** Where a package lies; not every package lets its package.json be asked for. */
function packageFolder(name: string, from: string): string {
  const require = createRequire(from);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return dirname(require.resolve(join(folder, name, 'package.json')));
    } catch {
      // The next folder up may have it.
    }
  }
  throw gpuCheckError('PACK_UNSUPPORTED', {
    message: 'a package that has to be carried along is not installed',
    given: name,
    remedy: 'Run npm run setup',
  });
}

function isInstalled(name: string, from: string): boolean {
  try {
    packageFolder(name, from);
    return true;
  } catch {
    return false;
  }
}

/** `useBackend` imports the engine by its package's name, as it does in a user's project. */
async function nameTorch(folder: string): Promise<void> {
  const name = '@protocl/tfjs-backend-torch';
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  const manifest = { name, version: '0.0.0', type: 'module', exports: './index.mjs' };
  const bundle = bundleName('packages/tfjs-backend-torch/src/index.ts');
  await writeFile(join(place, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(place, 'index.mjs'), `export * from '../../../${bundle}';\n`);
}
