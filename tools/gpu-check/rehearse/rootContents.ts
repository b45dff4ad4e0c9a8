import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, readlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { reasonOf, runPeer, type Peer } from '../../bench/peer.js';
import { rehearsalError } from './rehearsalError.js';

/** The interpreter of a peer and what it needs, as `rootPython.py` tells it. */
interface RootPython {
  readonly executable: string;
  readonly version: string;
  readonly torch: string;
  readonly show: readonly (readonly [source: string, target: string])[];
  readonly sites: readonly string[];
  readonly packages: string;
}

/**
 * Programs that the root has; all others are not there, whatever this machine has. A list of what is
 * there is sturdier than one of what is not: Node and make come under many names and in many places.
 */
const PROGRAMS = [
  // bash and coreutils
  'bash sh [ arch b2sum base32 base64 basename basenc cat chgrp chmod chown cksum comm coreutils cp csplit cut',
  'date dd df dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install',
  'join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pr',
  'printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred',
  'shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty',
  'uname unexpand uniq unlink users vdir wc who whoami yes',
  // what scripts take for granted
  'awk cmp diff egrep fgrep find flock getconf getent getopt grep gunzip gzip hostname kill ldconfig ldd mount',
  'sed setsid tar taskset umount which xargs',
  // the compiler
  'c++ cc cpp g++ gcc ar as ld ld.bfd nm objcopy objdump ranlib readelf strip',
].flatMap((line) => line.split(' '));

/** Without these there is nothing to rehearse with. */
const REQUIRED = ['bash', 'env', 'g++', 'as', 'ld', 'mount', 'umount'];

const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

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
  for (const name of ['home/repo', 'tmp', 'site']) await mkdir(folder(name), { recursive: true });
  await writeFile(folder('site/torch.pth'), `${python.packages}\n`);

  const lines = [
    ...(await systemFolders()),
    ...programs(),
    ...Object.entries(TEXTS).map(([path, text]) => ['text', text, path]),
    ['lend', folder('home'), '/root'],
    ['lend', folder('tmp'), '/tmp'],
    ...python.show.map(([source, target]) => ['show', source, target]),
    // The packages that this machine's Python has are not the other machine's: only PyTorch is there.
    ...python.sites.map((site) => ['show', folder('site'), site]),
    ['link', python.executable, '/usr/bin/python3'],
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
    throw rehearsalError('REHEARSAL_UNAVAILABLE', {
      message: `Cannot tell what ${peer.python} consists of (${reasonOf(cause)})`,
      expected: 'a Python with PyTorch and numpy',
      remedy: 'Name one in PROTOCL_PEER_PYTHON',
      cause,
    });
  }
}

function programs(): string[][] {
  const found = PROGRAMS.flatMap((name) => {
    const source = PROGRAM_FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
    return source === undefined ? [] : [{ name, source }];
  });
  const missing = REQUIRED.filter((name) => !found.some((program) => program.name === name));
  if (missing.length > 0) {
    throw rehearsalError('REHEARSAL_UNAVAILABLE', {
      message: `This machine has no ${missing.join(', ')}`,
      expected: `them in one of ${PROGRAM_FOLDERS.join(delimiter)}`,
      remedy: 'Install a C++ compiler with its binutils, on Debian or Ubuntu by `apt-get install g++`',
    });
  }
  return found.map(({ name, source }) => ['show', source, `/usr/bin/${name}`]);
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
