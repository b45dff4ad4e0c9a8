import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';

import { fetchedFolder } from './fetchLibtorch.js';
import { inspectLibtorch, libraryFile } from './inspectLibtorch.js';
import { type Libtorch, LibtorchDefect, type LibtorchSource } from './libtorch.js';
import { findPythonTorch } from './pythonTorch.js';
import { runCommand } from './runCommand.js';

/** What one step of the search came to. */
export interface Finding {
  readonly source: LibtorchSource;
  readonly outcome: 'found' | 'absent' | 'broken';
  /** One line: where it is, or why there is none. */
  readonly detail: string;
  readonly libtorch?: Libtorch;
  /** Files and folders whose change makes another outcome possible. */
  readonly watched: readonly string[];
}

export interface SearchOptions {
  /** Prefixes in which a system libtorch is looked for. */
  readonly systemPrefixes?: readonly string[];
}

/** The steps of the search on this machine, in their order; nothing is fetched. */
export function searchSteps({
  systemPrefixes = SYSTEM_PREFIXES,
}: SearchOptions = {}): (() => Promise<Finding>)[] {
  return [findNamed, findInPython, () => findInSystem(systemPrefixes), findFetched];
}

/** `PROTOCL_LIBTORCH`, as an absolute path; undefined where it is not set or empty. */
export function namedFolder(): string | undefined {
  const named = process.env['PROTOCL_LIBTORCH'];
  return named ? resolve(named) : undefined;
}

/** The `python3` that the PATH leads to. */
export async function pythonOnPath(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await isThere(join(folder, 'python3'), constants.X_OK)))
      return join(folder, 'python3');
  }
  return undefined;
}

const SYSTEM_PREFIXES = ['/usr', '/usr/local', '/opt/libtorch', '/opt/homebrew'];

async function findNamed(): Promise<Finding> {
  const folder = namedFolder();
  if (folder === undefined) return absent('PROTOCL_LIBTORCH', 'not set');
  return inspected(folder, 'PROTOCL_LIBTORCH');
}

async function findInPython(): Promise<Finding> {
  const command = await pythonOnPath();
  if (command === undefined) return absent('python', 'there is no python3 on the PATH');
  const python = await findPythonTorch(command);
  if (python === undefined) return absent('python', `${command} does not run`, [command]);
  if (python.torch === null) return absent('python', `no PyTorch in ${python.executable}`, python.path);
  return inspected(python.torch, 'python', python.path);
}

async function findInSystem(prefixes: readonly string[]): Promise<Finding> {
  const watched = prefixes.map((prefix) => join(prefix, 'include/ATen'));
  const libraryOnly: string[] = [];
  let broken: Finding | undefined;
  for (const prefix of new Set([...prefixes, ...(await prefixesOfLinker(prefixes))])) {
    if (await isThere(join(prefix, 'include/ATen/ATen.h'))) {
      const finding = await inspected(prefix, 'system', watched);
      if (finding.outcome === 'found') return finding;
      broken ??= finding;
    } else if (await isThere(join(prefix, 'lib', libraryFile('torch_cpu')))) {
      libraryOnly.push(prefix);
    }
  }
  if (broken !== undefined) return broken;
  const where =
    libraryOnly.length === 0 ? 'none' : `a library without its headers in ${libraryOnly.join(', ')}`;
  return absent('system', `${where} (looked in ${prefixes.join(', ')})`, watched);
}

/** The folders above the libraries that the dynamic linker knows, such as those of an administrator. */
async function prefixesOfLinker(known: readonly string[]): Promise<string[]> {
  if (process.platform !== 'linux' || known !== SYSTEM_PREFIXES) return [];
  const { stdout } = await runCommand('/sbin/ldconfig', ['-p']);
  const paths = [...stdout.matchAll(/libtorch_cpu\.so\S* .*=> (\S+)/g)].map((match) => match[1] ?? '');
  return paths.map((path) => dirname(dirname(path))).filter((prefix) => !prefix.startsWith('/usr/lib'));
}

async function findFetched(): Promise<Finding> {
  const folder = fetchedFolder();
  if (!(await isThere(folder))) return absent('fetched', `nothing in ${folder}`, [folder]);
  return inspected(folder, 'fetched', [folder]);
}

async function inspected(
  folder: string,
  source: LibtorchSource,
  watched: readonly string[] = [],
): Promise<Finding> {
  try {
    const libtorch = await inspectLibtorch(folder, source);
    return { source, outcome: 'found', detail: `${libtorch.version} in ${libtorch.root}`, libtorch, watched };
  } catch (error) {
    if (!(error instanceof LibtorchDefect)) throw error;
    return { source, outcome: 'broken', detail: error.message, watched };
  }
}

function absent(source: LibtorchSource, detail: string, watched: readonly string[] = []): Finding {
  return { source, outcome: 'absent', detail, watched };
}

async function isThere(path: string, mode = constants.R_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
