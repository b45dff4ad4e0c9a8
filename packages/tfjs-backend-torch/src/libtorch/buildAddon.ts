import { copyFile, cp, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { TorchBackendError } from '../errors.js';
import { addonRecipe, type AddonRecipe } from './addonRecipe.js';
import { cacheFolder } from './cacheFolder.js';
import { exclusively } from './exclusively.js';
import type { Libtorch } from './libtorch.js';
import { runCommand } from './runCommand.js';
import { libraryDefect } from './sharedLibrary.js';
import { requireToolchain, type Toolchain } from './toolchain.js';

export interface BuildOptions {
  readonly libtorch: Libtorch;
  /** The folder with binding.gyp and the C++ files; the package's own by default. */
  readonly nativeFolder?: string;
  readonly log?: (line: string) => void;
}

/** The C++ sources that this package ships. */
const NATIVE_FOLDER = fileURLToPath(new URL('../../native', import.meta.url));

const ADDON = 'protocl_torch.node';

const require = createRequire(import.meta.url);

/**
 * The compiled addon for a libtorch: out of the per-user cache, or compiled there now.
 * Processes that come at the same time compile it once.
 *
 * @returns the absolute path of the addon
 * @throws TorchBackendError `COMPILER_MISSING` or `BUILD_FAILED`
 */
export async function buildAddon({
  libtorch,
  nativeFolder = NATIVE_FOLDER,
  log,
}: BuildOptions): Promise<string> {
  const recipe = await addonRecipe(libtorch, nativeFolder);
  const folder = addonFolder(recipe);
  const addon = join(folder, ADDON);
  if (await isBuilt(addon)) return addon;
  const onWait = (): void => log?.('addon: another process is compiling it; waiting');
  return exclusively(
    folder,
    async () => {
      if (await isBuilt(addon)) return addon;
      const toolchain = await requireToolchain();
      log?.(
        `addon: compiling it against libtorch ${libtorch.version} with ${toolchain.compiler} ` +
          `${toolchain.compilerVersion}, once (about a minute)`,
      );
      const start = performance.now();
      await compileInto(folder, recipe, nativeFolder, toolchain);
      log?.(`addon: compiled in ${((performance.now() - start) / 1000).toFixed(0)} s, ${addon}`);
      return addon;
    },
    { onWait },
  );
}

/** Where the addon for this libtorch is or would be, without compiling it. */
export async function builtAddon({
  libtorch,
  nativeFolder = NATIVE_FOLDER,
}: BuildOptions): Promise<{ path: string; isBuilt: boolean }> {
  const path = join(addonFolder(await addonRecipe(libtorch, nativeFolder)), ADDON);
  return { path, isBuilt: await isBuilt(path) };
}

function addonFolder(recipe: AddonRecipe): string {
  return cacheFolder('tfjs-backend-torch', recipe.key);
}

async function isBuilt(addon: string): Promise<boolean> {
  return (await libraryDefect(addon)) === undefined;
}

/** Compiles in a folder of its own, and renames only a complete result to `folder`. */
async function compileInto(
  folder: string,
  recipe: AddonRecipe,
  nativeFolder: string,
  toolchain: Toolchain,
): Promise<void> {
  await removeLeftovers(folder);
  const result = `${folder}.building-${process.pid}`;
  // node-gyp cannot work below a folder with a space in its name.
  const work = /\s/.test(result) ? await mkdtemp(join(tmpdir(), 'protocl-torch-')) : join(result, 'work');
  try {
    await mkdir(result, { recursive: true });
    await cp(nativeFolder, work, { recursive: true });
    await writeFile(join(work, 'libtorch.gypi'), JSON.stringify(gypVariables(recipe, toolchain), null, 2));
    await writeFile(
      join(work, 'all_sources.cc'),
      recipe.sources.map((source) => `#include "${source}"\n`).join(''),
    );
    await writeNodeHeaders(join(work, 'node'));
    await runNodeGyp(work, `${folder}.log`, toolchain);
    await copySynced(join(work, 'build/Release', ADDON), join(result, ADDON));
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
    await rm(folder, { recursive: true, force: true });
    await rename(result, folder);
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
    await rm(result, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What processes left behind that were killed while they compiled. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(`${basename(folder)}.building-`)) {
      await rm(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}

function gypVariables(recipe: AddonRecipe, { isClang }: Toolchain): object {
  // clang on Linux would call a runtime of its own for OpenMP, which is not the one that libtorch has.
  const isOpenMp = (flag: string): boolean => flag === '-fopenmp' || flag.includes('gomp');
  const kept = (flags: readonly string[]): string[] =>
    isClang && process.platform === 'linux' ? flags.filter((flag) => !isOpenMp(flag)) : [...flags];
  return {
    variables: {
      native_defines: recipe.defines,
      native_compiler_flags: kept(recipe.compilerFlags),
      native_linker_flags: recipe.linkerFlags,
      native_libraries: kept(recipe.libraries),
    },
  };
}

/**
 * The addon uses only the C Node-API, whose headers are an npm package and the same for every Node.
 * Given as a Node development folder, they keep node-gyp from fetching the headers of this very Node.
 */
async function writeNodeHeaders(folder: string): Promise<void> {
  const include = join(folder, 'include/node');
  await mkdir(include, { recursive: true });
  const { include_dir: headers } = require('node-api-headers') as {
    include_dir: string;
  };
  await cp(headers, include, { recursive: true });
  await writeFile(join(include, 'common.gypi'), COMMON_GYPI);
  await writeFile(
    join(include, 'config.gypi'),
    "{ 'target_defaults': {}, 'variables': { 'node_engine': 'v8' } }\n",
  );
}

const COMMON_GYPI = `{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': { 'Release': {}, 'Debug': {} },
  },
}
`;

async function runNodeGyp(work: string, logFile: string, toolchain: Toolchain): Promise<void> {
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
  const options = [
    `--nodedir=${join(work, 'node')}`,
    `--devdir=${join(work, 'devdir')}`,
    `--python=${toolchain.python}`,
  ];
  const args = [nodeGyp, 'rebuild', ...options];
  const result = await runCommand(process.execPath, args, {
    cwd: work,
    env: buildEnvironment(toolchain),
    timeout: 60 * 60_000,
  });
  await writeFile(logFile, result.output);
  if (result.code === 0) return;
  throw new TorchBackendError('BUILD_FAILED', {
    message: `The addon could not be compiled${result.failure === undefined ? '' : `: ${result.failure}`}.\n${endOf(result.output)}\nThe whole log is ${logFile}.`,
    given: `${toolchain.compiler} ${toolchain.compilerVersion}`,
    expected: 'a compiler with C++20 (GCC 11, Clang 14 or later) and the headers that libtorch includes',
    remedy:
      'Run `npx protocl-torch doctor`; another libtorch can be named in PROTOCL_LIBTORCH, another compiler in CXX.',
  });
}

/** Without what npm, make or an editor put there for another build; messages in English. */
function buildEnvironment(toolchain: Toolchain): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(config|package|lifecycle)_|MAKEFLAGS$|MAKELEVEL$|NODE_OPTIONS$|V$)/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    CXX: toolchain.compiler,
    LINK: toolchain.compiler,
    MAKE: toolchain.make,
    LC_ALL: 'C',
  };
}

const SHOWN_LINES = 12;

/** The first errors of the compiler or linker where there are any, else the last lines before node-gyp's own. */
function endOf(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !/^gyp (info|verb)/.test(line));
  const errors = lines.filter(
    (line) => /\berror\b|undefined reference|cannot find|Killed/.test(line) && !line.startsWith('gyp'),
  );
  return (errors.length > 0 ? errors.slice(0, SHOWN_LINES) : lines.slice(-SHOWN_LINES)).join('\n');
}

async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, 'r');
  await file.sync();
  await file.close();
}
