import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { libraryFile } from './inspectLibtorch.js';
import type { Libtorch } from './libtorch.js';

/** The Node-API version that the addon asks for; Node 20.19 and everything later has it. */
const NODE_API_VERSION = 8;

/** Everything that decides how the addon comes out. */
export interface AddonRecipe {
  /** Names the result in the cache: what differs in any part of the recipe differs in its key. */
  readonly key: string;
  readonly sources: readonly string[];
  readonly defines: readonly string[];
  readonly compilerFlags: readonly string[];
  readonly linkerFlags: readonly string[];
  readonly libraries: readonly string[];
}

/** How the C++ files of `nativeFolder` are compiled against `libtorch`, and the key of the result. */
export async function addonRecipe(libtorch: Libtorch, nativeFolder: string): Promise<AddonRecipe> {
  const files = (await readdir(nativeFolder, { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
  const openMp = await openMpOf(libtorch);
  const ahead = await loadedAheadOf(libtorch);
  const isMac = process.platform === 'darwin';
  const parts = {
    sources: files.filter((file) => file.endsWith('.cc')),
    defines: [
      `NAPI_VERSION=${NODE_API_VERSION}`,
      'NDEBUG',
      ...(isMac ? [] : [`_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi ? 1 : 0}`]),
      ...(libtorch.cuda ? ['PROTOCL_WITH_CUDA'] : []),
    ],
    compilerFlags: [
      libtorch.version.startsWith('1.') ? '-std=c++17' : '-std=c++20',
      '-O3',
      '-fPIC',
      '-fexceptions',
      '-frtti',
      '-fvisibility=hidden',
      // libtorch's headers are not ours to warn about. /usr/include must keep its place in the order.
      ...libtorch.includeDirs.filter((dir) => dir !== '/usr/include').map((dir) => `-isystem${dir}`),
      ...openMp.compilerFlags,
    ],
    linkerFlags: [
      ...(isMac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread']),
      ...[...libtorch.libraryDirs, ...ahead.dirs].flatMap((dir) => [
        `-L${dir}`,
        ...['-Xlinker', '-rpath', '-Xlinker', dir],
      ]),
      // An old-style rpath also serves the libraries that libtorch itself needs.
      ...(isMac ? [] : ['-Wl,--disable-new-dtags', '-Wl,-s']),
    ],
    // After the object file: a linker that drops what is not needed yet would drop these before it.
    libraries: [
      // libtorch_cuda registers its kernels when it is loaded; no symbol of it is ever asked for.
      ...(isMac ? [] : ['-Wl,--no-as-needed']),
      ...libtorch.libraries.map((name) => `-l${name}`),
      ...openMp.libraries,
      ...ahead.libraries,
    ],
  };
  const hash = createHash('sha256');
  const identity = [NODE_API_VERSION, process.platform, process.arch, libtorch.version, libtorch.root, parts];
  hash.update(JSON.stringify(identity));
  for (const name of libtorch.libraries) {
    const { size, mtimeMs } = await stat(join(libtorch.libraryDirs[0] ?? '', libraryFile(name)));
    hash.update(`${name} ${size} ${mtimeMs};`);
  }
  for (const file of files) {
    const content = await readFile(join(nativeFolder, file));
    hash.update(`${file} ${content.length};`).update(content);
  }
  const key = hash.digest('hex').slice(0, 24);
  return { key, ...parts, defines: [...parts.defines, `PROTOCL_NAMESPACE=protocl_${key}`] };
}

/**
 * Libraries that something below libtorch would look for in the wrong place. Those that the addon itself is linked
 * with are loaded before, and serve it.
 *
 * - In an unpacked Debian package, OpenBLAS's LAPACK has a search path of its own that hides ours, and would not find
 *   its Fortran runtime.
 * - Beside a PyTorch for CUDA, cuSPARSE would prefer the nvJitLink of another CUDA in LD_LIBRARY_PATH to the one beside
 *   it. Python, too, loads that first.
 */
async function loadedAheadOf(libtorch: Libtorch): Promise<{ dirs: string[]; libraries: string[] }> {
  const [main, ...others] = libtorch.libraryDirs;
  const fortran = main === undefined || others.length === 0 ? [] : await librariesIn(main, 'libgfortran');
  const result = { dirs: [] as string[], libraries: fortran };
  if (!libtorch.cuda) return result;
  const wheels = join(dirname(libtorch.root), 'nvidia');
  for (const wheel of await readdir(wheels).catch(() => [])) {
    const dir = join(wheels, wheel, 'lib');
    const libraries = await librariesIn(dir, 'libnvJitLink');
    if (libraries.length > 0) result.dirs.push(dir);
    result.libraries.push(...libraries);
  }
  return result;
}

/** How the libraries of one name and all versions are linked that are in a folder, if there is one. */
async function librariesIn(dir: string, name: string): Promise<string[]> {
  const files = await readdir(dir).catch(() => []);
  const isOne = new RegExp(`^${name}\\.so\\.\\d+$`);
  return files.filter((file) => isOne.test(file)).map((file) => `-l:${file}`);
}

/**
 * The flags for `at::parallel_for`, which is a template over OpenMP. The runtime must be the one that
 * libtorch brings along: a second one would have threads of its own beside libtorch's.
 */
async function openMpOf(libtorch: Libtorch): Promise<{ compilerFlags: string[]; libraries: string[] }> {
  const names = await readdir(libtorch.libraryDirs[0] ?? '');
  if (process.platform === 'darwin') {
    const headers = await readdir(libtorch.includeDirs[0] ?? '');
    return names.includes('libomp.dylib') && headers.includes('omp.h')
      ? { compilerFlags: ['-Xpreprocessor', '-fopenmp'], libraries: ['-lomp'] }
      : { compilerFlags: [], libraries: [] };
  }
  const bundled = names.find(
    (name) => /^libgomp[-.\w]*\.so(\.\d+)*$/.test(name) && !/^libgomp\.so$/.test(name),
  );
  return { compilerFlags: ['-fopenmp'], libraries: [bundled === undefined ? '-lgomp' : `-l:${bundled}`] };
}
