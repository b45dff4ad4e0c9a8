import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { TorchBackendError } from '../errors.js';
import { addonRecipe, type AddonRecipe } from './addonRecipe.js';
import { cacheFolder } from './cacheFolder.js';
import { type Compiler, requireCompiler } from './compiler.js';
import { exclusively } from './exclusively.js';
import type { Libtorch } from './libtorch.js';
import { type CommandResult, runCommand } from './runCommand.js';
import { libraryDefect } from './sharedLibrary.js';

/** Where the files lie that the addon is compiled from, for whoever has moved them elsewhere. */
export interface SourceFolders {
  /** The folder with the C++ files; the package's own by default. */
  readonly nativeFolder?: string;
  /** The folder with Node-API's headers (`node_api.h`); that of the package `node-api-headers` by default. */
  readonly headersFolder?: string;
}

export interface BuildOptions extends SourceFolders {
  readonly libtorch: Libtorch;
  readonly log?: (line: string) => void;
}

/** The C++ sources that this package ships. */
const NATIVE_FOLDER = fileURLToPath(new URL('../../native', import.meta.url));

const ADDON = 'protocl_torch.node';

const SOURCE = 'all_sources.cc';

const OBJECT = 'all_sources.o';

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
  headersFolder,
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
      const compiler = await requireCompiler();
      log?.(
        `addon: compiling it against libtorch ${libtorch.version} with ${compiler.command} ` +
          `${compiler.version}, once (about a minute)`,
      );
      const start = performance.now();
      await compileInto(folder, {
        recipe,
        compiler,
        nativeFolder,
        headersFolder: headersFolder ?? nodeApiHeaders(),
      });
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

/** Everything that one compilation needs to know. */
interface Compilation extends Required<SourceFolders> {
  readonly recipe: AddonRecipe;
  readonly compiler: Compiler;
}

/** Compiles in a folder of its own, and renames only a complete result to `folder`. */
async function compileInto(folder: string, compilation: Compilation): Promise<void> {
  await removeLeftovers(folder);
  const result = `${folder}.building-${process.pid}`;
  const work = join(result, 'work');
  try {
    await mkdir(work, { recursive: true });
    // One compilation reads libtorch's headers once, which is most of the work. So a name in an anonymous
    // namespace must be unique among all files.
    const sources = compilation.recipe.sources.map((source) => `#include "${source}"\n`);
    await writeFile(join(work, SOURCE), sources.join(''));
    await runCompiler(work, join(result, ADDON), `${folder}.log`, compilation);
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
    await sync(join(result, ADDON));
    await rm(folder, { recursive: true, force: true });
    await rename(result, folder);
  } finally {
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

/**
 * The addon uses only the C Node-API, whose headers are an npm package and the same for every Node. Looked
 * for only where something is compiled: a bundle of this package has them elsewhere.
 */
function nodeApiHeaders(): string {
  return (require('node-api-headers') as { include_dir: string }).include_dir;
}

/**
 * Compiles and links, in two calls without a shell between. In one call, `-fopenmp` would make GCC link the
 * OpenMP runtime of the system beside libtorch's.
 */
async function runCompiler(
  work: string,
  addon: string,
  logFile: string,
  { recipe, compiler, nativeFolder, headersFolder }: Compilation,
): Promise<void> {
  // clang on Linux would call a runtime of its own for OpenMP, which is not the one that libtorch has.
  const isOpenMp = (flag: string): boolean => flag === '-fopenmp' || flag.includes('gomp');
  const kept = (flags: readonly string[]): readonly string[] =>
    compiler.isClang && process.platform === 'linux' ? flags.filter((flag) => !isOpenMp(flag)) : flags;
  const compiling = [
    ...recipe.defines.map((define) => `-D${define}`),
    ...kept(recipe.compilerFlags),
    `-isystem${headersFolder}`,
    ...['-iquote', nativeFolder],
    ...['-c', SOURCE, '-o', OBJECT],
  ];
  const linking = [OBJECT, '-o', addon, ...recipe.linkerFlags, ...kept(recipe.libraries)];
  let log = '';
  for (const args of [compiling, linking]) {
    const result = await runCommand(compiler.command, args, {
      cwd: work,
      // Messages in English.
      env: { ...process.env, LC_ALL: 'C' },
      timeout: 60 * 60_000,
    });
    log += `${[compiler.command, ...args].map((word) => JSON.stringify(word)).join(' ')}\n${result.output}`;
    await writeFile(logFile, log);
    if (result.code !== 0) throw buildFailure(result, compiler, logFile);
  }
}

function buildFailure(
  { output, failure }: CommandResult,
  { command, version }: Compiler,
  logFile: string,
): TorchBackendError {
  return new TorchBackendError('BUILD_FAILED', {
    message: `The addon could not be compiled${failure === undefined ? '' : `: ${failure}`}.\n${endOf(output)}\nThe whole log is ${logFile}.`,
    given: `${command} ${version}`,
    expected: 'a compiler with C++20 (GCC 11, Clang 14 or later) and the headers that libtorch includes',
    remedy:
      'Run `npx protocl-torch doctor`; another libtorch can be named in PROTOCL_LIBTORCH, another compiler in CXX.',
  });
}

const SHOWN_LINES = 12;

/** The first errors of the compiler or linker where there are any, else its last lines. */
function endOf(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) =>
    /\berror\b|undefined reference|cannot find|Undefined symbols|Killed/.test(line),
  );
  return (errors.length > 0 ? errors.slice(0, SHOWN_LINES) : lines.slice(-SHOWN_LINES)).join('\n');
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync();
  await file.close();
}
