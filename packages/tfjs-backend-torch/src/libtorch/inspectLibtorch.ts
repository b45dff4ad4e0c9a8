import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { libraryDefect } from './sharedLibrary.js';
import { LibtorchDefect, type Libtorch, type LibtorchSource } from './libtorch.js';

/**
 * Looks at a folder that should hold a libtorch and tells what there is to compile against.
 *
 * Three layouts are known: `include` and `lib` (the official archive, Python's `torch` folder), a prefix
 * with `usr/include` and `usr/lib/TRIPLET` (an unpacked Debian package), and a prefix with `include` and
 * `lib/TRIPLET` (`/usr` itself). The folder may also be the one that contains `torch` or `libtorch`.
 *
 * @throws LibtorchDefect where headers or libraries are missing, cut short, or of a version that is too old.
 */
export async function inspectLibtorch(folder: string, source: LibtorchSource): Promise<Libtorch> {
  const root = await rootIn(folder);
  const includeDir = await includeDirIn(root);
  const libraryDir = await libraryDirIn(root);
  const names = await readdir(libraryDir);
  const required = ['torch', 'torch_cpu', 'c10'];
  const cuda = names.some((name) => isLibrary(name, 'torch_cuda'));
  if (cuda) required.push('torch_cuda', 'c10_cuda');
  await checkLibraries(libraryDir, names, required, dirname(libraryDir) === root);

  const apiIncludeDir = join(includeDir, 'torch/csrc/api/include');
  const version = await versionOf(root, [
    join(includeDir, 'torch/headeronly/version.h'),
    join(apiIncludeDir, 'torch/version.h'),
  ]);
  return {
    version,
    root,
    includeDirs: [includeDir, apiIncludeDir],
    libraryDirs: [libraryDir, ...(await dependencyDirsIn(libraryDir, root))],
    libraries: required,
    source,
    cuda,
    cxx11Abi: await usesCxx11Abi(root, join(libraryDir, libraryFile('c10'))),
  };
}

/** The file that the linker looks for. */
export function libraryFile(name: string): string {
  return `lib${name}.${process.platform === 'darwin' ? 'dylib' : 'so'}`;
}

const HEADER = 'ATen/ATen.h';

async function rootIn(folder: string): Promise<string> {
  for (const root of [folder, join(folder, 'libtorch'), join(folder, 'torch')]) {
    for (const include of ['include', 'usr/include']) {
      if (await isReadable(join(root, include, HEADER))) return root;
    }
  }
  throw new LibtorchDefect(
    (await isReadable(folder))
      ? `${folder} has no headers (include/${HEADER})`
      : `there is no folder ${folder}`,
  );
}

async function includeDirIn(root: string): Promise<string> {
  const include = join(root, 'include');
  return (await isReadable(join(include, HEADER))) ? include : join(root, 'usr/include');
}

async function libraryDirIn(root: string): Promise<string> {
  const parents = [join(root, 'lib'), join(root, 'lib64'), join(root, 'usr/lib')];
  for (const parent of parents) {
    const triplets = (await folderNames(parent)).filter((name) => name.includes('-linux-gnu'));
    for (const dir of [parent, ...triplets.map((triplet) => join(parent, triplet))]) {
      if (await isReadable(join(dir, libraryFile('torch_cpu')))) return dir;
    }
  }
  throw new LibtorchDefect(`${root} has headers but no library (lib/${libraryFile('torch_cpu')})`);
}

/**
 * More folders with libraries that libtorch needs, where it lies in an unpacked system package. An
 * installed system has all of them on its linker's path, with links to those that it prefers (Debian's
 * alternatives).
 */
async function dependencyDirsIn(libraryDir: string, root: string): Promise<string[]> {
  if (root === '/usr' || root === '/usr/local' || dirname(libraryDir) === root) return [];
  const preferred = ['openblas-pthread', 'openblas-openmp', 'blas', 'lapack'];
  const names = (await folderNames(libraryDir)).filter((name) => preferred.includes(name));
  const dirs = names
    .sort((a, b) => preferred.indexOf(a) - preferred.indexOf(b))
    .map((name) => join(libraryDir, name));
  const around = [dirname(libraryDir), join(root, 'lib', basename(libraryDir)), join(root, 'lib')];
  for (const dir of around) {
    if (await isReadable(dir)) dirs.push(dir);
  }
  return dirs;
}

async function checkLibraries(
  dir: string,
  names: readonly string[],
  required: readonly string[],
  isDedicated: boolean,
): Promise<void> {
  for (const name of required) {
    if (!names.includes(libraryFile(name)))
      throw new LibtorchDefect(`${join(dir, libraryFile(name))} is missing`);
  }
  // A folder of libtorch's own holds what it needs as well; of a system's folder only its own part is looked at.
  const checked = names.filter((name) =>
    isDedicated
      ? /\.(so|dylib)(\.[\d.]+)?$/.test(name)
      : required.some((library) => isLibrary(name, library)),
  );
  const defects = await Promise.all(checked.map((name) => libraryDefect(join(dir, name))));
  const defect = defects.find((text) => text !== undefined);
  if (defect !== undefined) throw new LibtorchDefect(defect);
}

function isLibrary(file: string, name: string): boolean {
  return file === libraryFile(name) || file.startsWith(`${libraryFile(name)}.`);
}

/** The version with its build label from version.py or build-version, else the one that the headers give. */
async function versionOf(root: string, headers: readonly string[]): Promise<string> {
  const python = /__version__\s*=\s*['"]([^'"]+)['"]/.exec(await textOf(join(root, 'version.py')))?.[1];
  const build = (await textOf(join(root, 'build-version'))).trim() || undefined;
  for (const header of headers) {
    const text = await textOf(header);
    const part = (name: string): string | undefined =>
      new RegExp(`#define TORCH_VERSION_${name} +(\\d+)`).exec(text)?.[1];
    const [major, minor, patch] = [part('MAJOR'), part('MINOR'), part('PATCH')];
    if (major === undefined || minor === undefined) continue;
    const fromHeaders = `${major}.${minor}.${patch ?? 0}`;
    if (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 13)) {
      throw new LibtorchDefect(`${root} is libtorch ${fromHeaders}, older than 1.13`);
    }
    const labelled = python ?? build;
    if (labelled === undefined) return fromHeaders;
    if (labelled.startsWith(fromHeaders)) return labelled;
    throw new LibtorchDefect(
      `${root} is inconsistent: its headers are ${fromHeaders}, its libraries ${labelled}`,
    );
  }
  throw new LibtorchDefect(
    `${root} does not tell its version (${headers.map((header) => basename(header)).join(', ')})`,
  );
}

/** What libtorch's own configuration says, else whether libc10 has a name with a C++11 string in it. */
async function usesCxx11Abi(root: string, c10: string): Promise<boolean> {
  if (process.platform === 'darwin') return true;
  const config = await textOf(join(root, 'share/cmake/Torch/TorchConfig.cmake'));
  const told = /_GLIBCXX_USE_CXX11_ABI=([01])/.exec(config)?.[1];
  if (told !== undefined) return told === '1';
  return (await readFile(c10)).includes('NSt7__cxx1112basic_string');
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function folderNames(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
