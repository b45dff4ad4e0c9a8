import { existsSync } from 'node:fs';
import { chmod, copyFile, constants, link, realpath } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';

import { gpuCheckError } from '../errors.js';

/**
 * Programs that an empty root has; all others are not there, whatever this machine has. A list of what is
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

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * Copies the programs into a folder, links resolved; those that are one file under many names stay one.
 *
 * @throws {ProtoclError} `REHEARSAL_UNAVAILABLE` if this machine lacks one that is needed
 */
export async function copyPrograms(folder: string): Promise<void> {
  const found = PROGRAMS.flatMap((name) => {
    const path = FOLDERS.map((place) => join(place, name)).find((candidate) => existsSync(candidate));
    return path === undefined ? [] : [{ name, path }];
  });
  const missing = REQUIRED.filter((name) => !found.some((program) => program.name === name));
  if (missing.length > 0) {
    throw gpuCheckError('REHEARSAL_UNAVAILABLE', {
      message: `This machine has no ${missing.join(', ')}`,
      expected: `them in one of ${FOLDERS.join(delimiter)}`,
      remedy: 'Install a C++ compiler with its binutils, on Debian or Ubuntu by `apt-get install g++`',
    });
  }
  const copies = new Map<string, string>();
  for (const { name, path } of found) {
    const file = await realpath(path);
    const copy = copies.get(file);
    if (copy === undefined) copies.set(file, await copyProgram(path, folder));
    else await link(copy, join(folder, name));
  }
}

/** Copies one, and returns where it is. */
export async function copyProgram(path: string, folder: string): Promise<string> {
  const target = join(folder, basename(path));
  await copyFile(path, target, constants.COPYFILE_FICLONE);
  // Without the right to become another user, which mount has.
  await chmod(target, 0o755);
  return target;
}
