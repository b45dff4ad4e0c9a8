import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

import { sha256File } from '@protocl/core';

import { encodedCifar10, type ChunkFile } from '../images/cifarChunks.js';
import { partition } from '../images/partition.js';
import { gpuCheckError } from '../errors.js';
import { LIMITS, MIB } from '../limits.js';
import { writeArchive } from './archive.js';
import { filesBesideSources, writeBundles } from './bundles.js';
import { nodeArchive } from './nodeBinary.js';
import { writeNodeModules } from './nodeModules.js';

const execute = promisify(execFile);
const workspace = join(import.meta.dirname, '../../..');
const travel = join(import.meta.dirname, '../travel');

/** How the check is packed. */
export interface PackOptions {
  /** Where the parts are written; what is there is replaced. */
  readonly out: string;
  /** So many drawn images in place of each split of CIFAR-10, for trying the check out; 0 for no images. */
  readonly images?: number;
  /** A folder with a training's checkpoint from another machine, to go on from. */
  readonly checkpoint?: string;
  /** Our code alone, to be sent again after it was mended. */
  readonly appOnly?: boolean;
  readonly log: (line: string) => void;
}

/** What a part holds: `part.json`. */
interface PartContents {
  readonly part: number;
  readonly of: number;
  /** Each becomes a folder of its own. */
  readonly archives: readonly { readonly file: string; readonly folder: string; readonly sha256: string }[];
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/**
 * Packs all that the check needs on a machine without network and without Node, in parts that are sent
 * one after the other: the first has the program, the others have images and, if asked for, a checkpoint.
 *
 * @returns the folders of the parts, in order
 * @throws {ProtoclError} `PACK_UNSUPPORTED` on a machine whose binaries would not run there, `PACK_TOO_LARGE`
 *   for a part above 55 MiB; what downloads throw
 */
export async function pack(options: PackOptions): Promise<string[]> {
  const { out, log } = options;
  await mkdir(out, { recursive: true });
  const carried = options.appOnly === true ? [] : await carriedFiles(options);
  const groups = partition(carried, LIMITS.partBytes - MIB);
  const of = 1 + groups.length;
  const first = options.appOnly === true ? 'part-app' : 'part-1';
  await removeParts(out, options.appOnly === true);
  const work = await mkdtemp(join(tmpdir(), 'protocl-gpu-check-'));
  try {
    const parts = [await writeProgram(join(work, first), { ...options, of })];
    for (const [index, files] of groups.entries()) {
      parts.push(await writeFiles(join(work, `part-${index + 2}`), { part: index + 2, of, files }));
    }
    const places: string[] = [];
    for (const part of parts) {
      const place = join(out, relative(work, part));
      const bytes = await weigh(part);
      log(`${relative(process.cwd(), place)}  ${(bytes / MIB).toFixed(1)} MiB`);
      if (bytes > LIMITS.partBytes) throw tooLarge(place, bytes);
      await move(part, place);
      places.push(place);
    }
    return places;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What travels behind the program; a name is the place below the check's folder. */
async function carriedFiles({ images, checkpoint, log }: PackOptions): Promise<ChunkFile[]> {
  const files: ChunkFile[] = [];
  if (images !== 0) {
    const chunks = await encodedCifar10({ log, ...(images !== undefined && { limit: images }) });
    files.push(...chunks.map((chunk) => ({ ...chunk, name: `cifar10/${chunk.name}` })));
  }
  if (checkpoint !== undefined) {
    for (const name of await readdir(checkpoint)) {
      const path = join(checkpoint, name);
      files.push({ name: `checkpoint/${name}`, path, bytes: (await stat(path)).size });
    }
  }
  return files;
}

async function writeProgram(
  folder: string,
  { appOnly = false, log, of }: PackOptions & { readonly of: number },
): Promise<string> {
  await copyTravelling(folder);
  const app = join(folder, 'app');
  await mkdir(app);
  log('bundling');
  await writeBundles(app);
  await writeNodeModules(join(app, 'node_modules'));
  for (const path of await filesBesideSources()) {
    await mkdir(join(app, dirname(path)), { recursive: true });
    await cp(join(workspace, path), join(app, path));
  }
  await writeFile(join(app, 'packed.json'), JSON.stringify(await origin()));
  await writeArchive(app, join(folder, 'app.tar.gz'));
  await rm(app, { recursive: true });
  const archives = [{ file: 'app.tar.gz', folder: 'app' }];
  if (!appOnly) {
    await cp(await nodeArchive(log), join(folder, 'node.tar.gz'));
    archives.push({ file: 'node.tar.gz', folder: 'node' });
  }
  await writeContents(folder, {
    part: 1,
    of,
    archives: await Promise.all(
      archives.map(async (archive) => ({ ...archive, sha256: await sha256File(join(folder, archive.file)) })),
    ),
    files: [],
  });
  return folder;
}

async function writeFiles(
  folder: string,
  { part, of, files }: { readonly part: number; readonly of: number; readonly files: readonly ChunkFile[] },
): Promise<string> {
  await copyTravelling(folder);
  const listed = [];
  for (const { name, path } of files) {
    const place = join(folder, name);
    await mkdir(dirname(place), { recursive: true });
    await cp(path, place);
    listed.push({ path: name, sha256: await sha256File(place) });
  }
  await writeContents(folder, { part, of, archives: [], files: listed });
  return folder;
}

/** Each part can be called, and unpacks itself. */
async function copyTravelling(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['run', 'unpack.py']) await cp(join(travel, name), join(folder, name));
}

async function writeContents(folder: string, contents: PartContents): Promise<void> {
  await writeFile(join(folder, 'part.json'), `${JSON.stringify(contents, null, 2)}\n`);
}

/** Which sources were packed, for the record of figures. */
async function origin(): Promise<object> {
  const git = async (...args: string[]) =>
    execute('git', args, { cwd: workspace }).then(
      ({ stdout }) => stdout.trim(),
      () => null,
    );
  const changes = await git('status', '--porcelain', '--untracked-files=no');
  return { commit: await git('rev-parse', 'HEAD'), changed: changes !== '', date: new Date().toISOString() };
}

async function removeParts(out: string, appOnly: boolean): Promise<void> {
  for (const name of await readdir(out)) {
    const isReplaced = appOnly ? name === 'part-app' : /^part-/.test(name);
    if (isReplaced) await rm(join(out, name), { recursive: true });
  }
}

/** The temporary folder may be on another disk. */
async function move(from: string, to: string): Promise<void> {
  await cp(from, `${to}.writing`, { recursive: true });
  await rename(`${to}.writing`, to);
}

/** Bytes of all files in a folder. */
async function weigh(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

function tooLarge(part: string, bytes: number): Error {
  return gpuCheckError('PACK_TOO_LARGE', {
    message: 'a part is too large to travel',
    given: `${part} of ${(bytes / MIB).toFixed(1)} MiB`,
    expected: `at most ${LIMITS.partBytes / MIB} MiB`,
    remedy: 'Find what has grown: tar -tvzf app.tar.gz lists it',
  });
}
