import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { reasonOf, runPeer, type Peer } from '../../bench/peer.js';
import { copyProgram, copyPrograms } from './programs.js';
import { gpuCheckError } from '../errors.js';

/** The interpreter of a peer and what it needs, as `rootPython.py` tells it. */
interface RootPython {
  readonly executable: string;
  readonly version: string;
  readonly torch: string;
  readonly show: readonly (readonly [source: string, target: string])[];
  readonly sites: readonly string[];
  readonly packages: string;
}

/** Shown whole, links among them as links: what is in them depends on the distribution. */
const SYSTEM_FOLDERS = ['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libexec', '/usr/include']
  .concat(['/lib', '/lib32', '/lib64'])
  .concat(['/etc/alternatives', '/etc/ld.so.conf.d', '/etc/ld.so.conf', '/etc/ld.so.cache']);

/** What in those folders could stand in for something that has to be carried. */
const HIDDEN = /^(node|nodejs|node_modules|corepack|libnode\.so.*|libvips.*|vips)$/;

const TEXTS: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\\n',
  '/etc/group': 'root:x:0:\\n',
  '/etc/hosts': '127.0.0.1 localhost\\n',
  '/etc/nsswitch.conf': 'passwd: files\\ngroup: files\\nhosts: files\\n',
};

/** An empty root's plan for `emptyRoot.sh`, and what its Python is. */
export interface RootContents {
  readonly plan: string;
  readonly python: string;
}

/**
 * Decides what an empty root holds, and makes the folders under `base` that can be written from it.
 *
 * @throws {ProtoclError} `REHEARSAL_UNAVAILABLE` if this machine lacks something that the root needs
 */
export async function rootContents(base: string, peer: Peer): Promise<RootContents> {
  const python = await describePython(peer);
  const folder = (name: string): string => join(base, name);
  for (const name of ['home/repo', 'tmp', 'site', 'bin']) await mkdir(folder(name), { recursive: true });
  await writeFile(folder('site/torch.pth'), `${python.packages}\n`);
  await copyPrograms(folder('bin'));
  await symlink(python.executable, folder('bin/python3'));
  const shown = python.show.filter(([, target]) => dirname(target) !== '/usr/bin');
  // A Python of the operating system lies among the programs, which cannot be added to once they are shown.
  if (dirname(python.executable) === '/usr/bin') await copyProgram(python.executable, folder('bin'));

  const lines = [
    ...(await systemFolders()),
    ...Object.entries(TEXTS).map(([path, text]) => ['text', text, path]),
    ['show', folder('bin'), '/usr/bin'],
    ['lend', folder('home'), '/root'],
    ['lend', folder('tmp'), '/tmp'],
    ...shown.map(([source, target]) => ['show', source, target]),
    // The packages that this machine's Python has are not the other machine's: only PyTorch is there.
    ...python.sites.map((site) => ['show', folder('site'), site]),
  ];
  return {
    plan: lines.map((line) => `${line.join('\t')}\n`).join(''),
    python: `Python ${python.version} with PyTorch ${python.torch}`,
  };
}

async function describePython(peer: Peer): Promise<RootPython> {
  try {
    const printed = await runPeer(peer, [join(import.meta.dirname, 'rootPython.py')]);
    return JSON.parse(printed.trim().split('\n').at(-1)!) as RootPython;
  } catch (cause) {
    throw gpuCheckError('REHEARSAL_UNAVAILABLE', {
      message: `Cannot tell what ${peer.python} consists of (${reasonOf(cause)})`,
      expected: 'a Python with PyTorch and numpy',
      remedy: 'Name one in PROTOCL_PEER_PYTHON',
      cause,
    });
  }
}

async function systemFolders(): Promise<string[][]> {
  const lines: string[][] = [];
  for (const path of SYSTEM_FOLDERS.filter((path) => existsSync(path))) {
    if ((await lstat(path)).isSymbolicLink()) {
      lines.push(['link', await readlink(path), path]);
      continue;
    }
    lines.push(['show', path, path], ...(await hiddenIn(path, 3)));
  }
  return lines;
}

async function hiddenIn(folder: string, depth: number): Promise<string[][]> {
  const lines: string[][] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    // A link is no place for a mount, and what it points to is hidden itself.
    if (HIDDEN.test(entry.name) && !entry.isSymbolicLink()) lines.push(['hide', path]);
    else if (entry.isDirectory() && depth > 1) lines.push(...(await hiddenIn(path, depth - 1)));
  }
  return lines;
}
