import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { isProtoclError, requireKnownOptions } from '@protocl/core';

import { clusteringError } from '../errors.js';
import { FAISS_NODE_VERSION, locateFaissNode, preparedFolder } from './faissFolder.js';
import { installLibfaiss } from './installLibfaiss.js';
import { lastLine, runCommand } from './runCommand.js';

export interface PrepareFaissNodeOptions {
  /** Told each step that takes time, in one line. */
  readonly log?: (line: string) => void;
}

/** The faiss-node that the assigner will use. */
export interface PreparedFaissNode {
  /** The file that it is loaded from. */
  readonly path: string;
}

const HEADERS_VERSION = '1.8.0';

/** faiss 1.7.3, which Debian has, lacks a name that faiss-node's source uses. */
const COMPATIBILITY = `#pragma once
#include <faiss/Index.h>
#if FAISS_VERSION_MAJOR == 1 && FAISS_VERSION_MINOR == 7 && FAISS_VERSION_PATCH < 4
namespace faiss { using idx_t = Index::idx_t; }
#endif
`;

/** Loads the module and searches indexes of two points; so many queries at once that faiss calls its BLAS. */
const TRIAL = `
const { Index, IndexFlatL2 } = require(process.argv[1]);
for (const index of [new IndexFlatL2(2), Index.fromFactory(2, 'HNSW32,Flat')]) {
  index.add([0, 0, 3, 4]);
  const { labels } = index.search(Array(200).fill(3), 1);
  if (labels.length !== 100 || labels.some((label) => label !== 1)) throw new Error('faiss-node finds ' + labels);
}
`;

/**
 * Makes the assigner `faiss-node` usable: does nothing where it is, else installs faiss-node from npm into the per-user
 * cache, with its prebuilt addon where that can be fetched, else compiled against the system's libfaiss.
 *
 * It downloads faiss-node and Node's API headers from the npm registry (2 MB), the prebuilt addon from GitHub (about 20
 * MB), and, only where that fails and libfaiss is missing on Debian or Ubuntu and this user is root or needs no password
 * for sudo, `libfaiss-dev` by apt-get (about 30 MB). Needs npm, and a C++ compiler where it compiles.
 *
 * @throws {ClusteringError} `FAISS_NODE_BUILD_FAILED` that says which step failed and why
 */
export async function prepareFaissNode(options: PrepareFaissNodeOptions = {}): Promise<PreparedFaissNode> {
  requireKnownOptions('prepareFaissNode', options, { log: true });
  const { log = () => undefined } = options;
  const present = await working();
  if (present !== undefined) return { path: present };
  try {
    await prepareInto(preparedFolder(), log);
  } catch (error) {
    if (isProtoclError(error)) throw error;
    throw clusteringError('FAISS_NODE_BUILD_FAILED', {
      message: `faiss-node cannot be put into the cache (${error instanceof Error ? error.message : String(error)})`,
      given: preparedFolder(),
      expected: 'a folder that this user may write',
      remedy: 'Set PROTOCL_CACHE to another folder',
      cause: error,
    });
  }
  return { path: locateFaissNode() };
}

async function prepareInto(target: string, log: (line: string) => void): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(dirname(target), `${basename(target)}.building-`));
  try {
    log(`installing faiss-node ${FAISS_NODE_VERSION} from npm`);
    await installPackage(work);
    if (!(await fetchPrebuilt(work, log))) await compile(work, log);
    await requireWorking(join(work, 'node_modules/faiss-node/lib/index.js'));
    await rm(target, { recursive: true, force: true });
    await rename(work, target).catch(async (error: unknown) => {
      // Another process that did the same may have been quicker; its result is as good.
      if ((await working()) === undefined) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The path of a faiss-node that loads and finds what it should; undefined where there is none. */
async function working(): Promise<string | undefined> {
  try {
    const path = locateFaissNode();
    await requireWorking(path);
    return path;
  } catch (error) {
    if (isProtoclError(error)) return undefined;
    throw error;
  }
}

/** Tries it in a process of its own, which an addon that does not fit may end. */
async function requireWorking(path: string): Promise<void> {
  const result = await runCommand(process.execPath, ['-e', TRIAL, path], { timeout: 60_000 });
  if (result.code !== 0) throw failure('faiss-node does not work', result);
}

async function installPackage(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`faiss-node@${FAISS_NODE_VERSION}`, `node-api-headers@${HEADERS_VERSION}`];
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const result = await npm(['install', ...flags, ...packages], folder);
  if (result.code !== 0) throw failure('faiss-node cannot be installed from npm', result);
}

function npm(args: readonly string[], cwd: string) {
  const options = { cwd, timeout: 5 * 60_000 };
  // The npm that runs this script, where one does, so that nothing depends on the PATH.
  const running = process.env['npm_execpath'];
  if (running !== undefined && basename(running) === 'npm-cli.js') {
    return runCommand(process.execPath, [running, ...args], options);
  }
  return runCommand('npm', args, options);
}

/** What faiss-node's own install script does first. */
async function fetchPrebuilt(folder: string, log: (line: string) => void): Promise<boolean> {
  log('fetching its prebuilt addon from GitHub');
  const command = join(folder, 'node_modules/prebuild-install/bin.js');
  const cwd = join(folder, 'node_modules/faiss-node');
  const result = await runCommand(process.execPath, [command, '--runtime', 'napi'], { cwd, timeout: 60_000 });
  if (result.code === 0 && existsSync(join(cwd, 'build'))) return true;
  log(`no prebuilt addon (${lastLine(result)})`);
  return false;
}

async function compile(folder: string, log: (line: string) => void): Promise<void> {
  await installLibfaiss(log);
  log('compiling it against libfaiss');
  const modules = join(folder, 'node_modules');
  const build = join(modules, 'faiss-node/build/Release');
  const compatibility = join(folder, 'faissCompatibility.h');
  await writeFile(compatibility, COMPATIBILITY);
  await mkdir(build, { recursive: true });
  const result = await runCommand(
    process.env['CXX'] ?? 'c++',
    [
      ...['-O2', '-std=c++17', '-shared', '-fPIC', '-fopenmp', '-DNAPI_VERSION=8', '-include', compatibility],
      ...['node-api-headers/include', 'node-addon-api'].map((path) => `-I${join(modules, path)}`),
      ...[join(modules, 'faiss-node/src/faiss.cc'), '-o', join(build, 'faiss-node.node')],
      // Debian's libfaiss is static and names no BLAS. A symbol that is missing shows when the addon is loaded.
      ...['-lfaiss', '-lblas', '-llapack', '-Wl,-z,now'],
    ],
    { timeout: 5 * 60_000 },
  );
  if (result.code !== 0) throw failure('faiss-node cannot be compiled', result);
}

function failure(message: string, result: Awaited<ReturnType<typeof runCommand>>): Error {
  return clusteringError('FAISS_NODE_BUILD_FAILED', {
    message: `${message} (${lastLine(result)})`,
    given: result.output.trim().slice(-500),
    remedy: 'Use the assigner "tensor", which needs nothing, or install faiss-node by other means',
  });
}
