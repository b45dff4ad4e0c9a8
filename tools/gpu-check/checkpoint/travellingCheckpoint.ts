import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { sha256File, writeFileAtomic } from '@protocl/core';
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from '@protocl/trainer';

import { LIMITS, MIB } from '../limits.js';
import { compressText, expandText } from './compression.js';
import { incompleteCheckpoint, readPieces, writePieces, type Piece } from './pieces.js';
import { decodeTensors, encodeTensors, type CodedTensor, type Rounding } from './tensorCoding.js';
import { gpuCheckError } from '../errors.js';

/** How a checkpoint travels. */
export interface PackCheckpointOptions {
  /** Of each file at most: what a device machine gives back of one. */
  readonly pieceBytes?: number;
  /** Of all files together: what it takes in one call. */
  readonly totalBytes?: number;
}

/** What was packed. */
export interface PackedCheckpoint {
  /** Names of all files, the index first. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Whether a run that goes on from it ends with the same bits as if it had never travelled. */
  readonly exact: boolean;
}

/** What was unpacked. */
export interface UnpackedCheckpoint extends Pick<Checkpoint, 'epoch' | 'step'> {
  /** Absolute, in the run's folder. */
  readonly path: string;
  readonly exact: boolean;
}

/** `checkpoint.json`: what the pieces hold, one after the other. */
interface Index {
  readonly version: typeof VERSION;
  readonly exact: boolean;
  readonly note: string;
  readonly file: { readonly name: string; readonly sha256: string };
  readonly checkpoint: Omit<Checkpoint, 'state'> & Pick<Checkpoint['state'], 'values'>;
  /** Files of the run that travel along, with their compressed sizes. */
  readonly texts: readonly { readonly name: string; readonly bytes: number }[];
  readonly tensors: readonly CodedTensor[];
  readonly pieces: readonly Piece[];
}

const VERSION = 1;
const STEM = 'checkpoint';
const INDEX = `${STEM}.json`;
const CONFIG = 'config.json';
const LOG = 'log.jsonl';

/** In the order in which they are tried. */
const ROUNDINGS: readonly (Rounding | null)[] = [
  null,
  { encoders: 'float16', optimizer: 'bfloat16' },
  { encoders: 'bfloat16', optimizer: 'bfloat16' },
];

/**
 * Packs the checkpoint of a run, with the run's configuration and log, into a few files: without loss
 * where that is small enough, else with the large weights rounded to 16 bits, which the index says.
 *
 * @param checkpointFile in the folder `checkpoints` of a run
 * @param folder of the files; a checkpoint that was packed there before is replaced
 * @throws {ProtoclError} `CHECKPOINT_TOO_LARGE` if even rounded it is too large; `RUN_FOLDER` if the file is
 *   not in the folder of a run; `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_DAMAGED`; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function packCheckpoint(
  checkpointFile: string,
  folder: string,
  { pieceBytes = LIMITS.fileBytes, totalBytes = LIMITS.partBytes - MIB }: PackCheckpointOptions = {},
): Promise<PackedCheckpoint> {
  const { state, ...described } = await loadCheckpoint(checkpointFile);
  const texts = await textsOf(dirname(dirname(resolve(checkpointFile))));
  const common = {
    version: VERSION,
    file: { name: basename(checkpointFile), sha256: await sha256File(checkpointFile) },
    checkpoint: { ...described, values: state.values ?? {} },
    texts: texts.map(({ name, content }) => ({ name, bytes: content.length })),
  } as const;
  let smallest = Infinity;
  for (const rounding of ROUNDINGS) {
    const { tensors, contents } = await encodeTensors(state.tensors, rounding);
    const all = [...texts.map(({ content }) => content), ...contents];
    const bytes = all.reduce((sum, { length }) => sum + length, 0);
    const begun = { ...common, ...fidelityOf(tensors), tensors };
    smallest = Math.min(smallest, bytes + roomForIndex(begun, bytes / pieceBytes));
    if (smallest > totalBytes) continue;
    const pieces = await writePieces(all, folder, { stem: STEM, most: pieceBytes });
    const index: Index = { ...begun, pieces };
    const written = await writeFileAtomic(join(folder, INDEX), JSON.stringify(index));
    const files = [INDEX, ...pieces.map(({ name }) => name)];
    return { files, bytes: written.bytes + bytes, exact: index.exact };
  }
  throw gpuCheckError('CHECKPOINT_TOO_LARGE', {
    message: 'the checkpoint is too large to travel, even with its large weights rounded to 16 bits',
    given: `${smallest} bytes`,
    expected: `at most ${totalBytes} bytes`,
    remedy: 'Train a narrower encoder, or carry the checkpoint in another way',
  });
}

/**
 * Makes a run's folder of a packed checkpoint, from which `protocl train --resume` goes on.
 *
 * @param folder of the files that were packed
 * @param runFolder a folder without a run
 * @throws {ProtoclError} `CHECKPOINT_PIECES` that names the files that are missing or have changed;
 *   `RUN_FOLDER` if there is a run already; `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function unpackCheckpoint(folder: string, runFolder: string): Promise<UnpackedCheckpoint> {
  if (existsSync(join(runFolder, CONFIG))) {
    throw gpuCheckError('RUN_FOLDER', {
      message: 'there is a run in this folder already',
      given: resolve(runFolder),
      expected: 'a new or empty folder',
      remedy: 'Go on with that run, or choose another folder',
    });
  }
  const { file, checkpoint, exact, note, texts, tensors, pieces } = await readIndex(folder);
  const content = await readPieces(pieces, folder);
  let end = 0;
  const files = new Map<string, Buffer>();
  for (const { name, bytes } of texts) {
    files.set(name, await expandText(content.subarray(end, end + bytes)));
    end += bytes;
  }
  const { values, ...described } = checkpoint;
  const path = join(resolve(runFolder), 'checkpoints', file.name);
  const state = { tensors: await decodeTensors(tensors, content.subarray(end)), ...(values && { values }) };
  const written = await saveCheckpoint(path, { ...described, state });
  if (exact && written.sha256 !== file.sha256) {
    throw incompleteCheckpoint(folder, [`${file.name} of SHA-256 ${written.sha256}, not ${file.sha256}`]);
  }
  const message = `${file.name} was carried here from another machine, ${note}`;
  const entry = { time: new Date().toISOString(), type: 'message', text: message };
  const log = [files.get(LOG) ?? '', `${JSON.stringify(entry)}\n`].join('');
  await writeFileAtomic(join(runFolder, LOG), log);
  // Last, as it makes the folder that of a run.
  await writeFileAtomic(join(runFolder, CONFIG), files.get(CONFIG)!);
  return { path, epoch: described.epoch, step: described.step, exact };
}

function fidelityOf(tensors: readonly CodedTensor[]): Pick<Index, 'exact' | 'note'> {
  const rounded = tensors.filter((tensor) => tensor.rounded !== undefined).length;
  if (rounded === 0) return { exact: true, note: 'bit for bit' };
  const which = `${rounded} of its ${tensors.length} tensors`;
  return { exact: false, note: `${which} rounded to 16 bits: resuming is not exact` };
}

/** Bytes of an index once its pieces are named, or a little more. */
function roomForIndex(begun: Omit<Index, 'pieces'>, pieces: number): number {
  return Buffer.byteLength(JSON.stringify(begun)) + 256 + 128 * Math.ceil(pieces);
}

/** The small files of a run, compressed: its configuration and, where there is one, its log. */
async function textsOf(run: string): Promise<{ readonly name: string; readonly content: Buffer }[]> {
  const config = await readFile(join(run, CONFIG)).catch((cause: unknown) => {
    throw gpuCheckError('RUN_FOLDER', {
      message: 'the checkpoint is not in the folder of a run',
      given: run,
      expected: `a folder with ${CONFIG} and the folder checkpoints`,
      cause,
    });
  });
  const log = await readFile(join(run, LOG)).catch(() => Buffer.alloc(0));
  return [
    { name: CONFIG, content: await compressText(config) },
    { name: LOG, content: await compressText(log) },
  ];
}

async function readIndex(folder: string): Promise<Index> {
  const text = await readFile(join(folder, INDEX), 'utf8').catch(() => undefined);
  if (text === undefined) throw incompleteCheckpoint(folder, [`${INDEX} missing`]);
  try {
    const index = JSON.parse(text) as Index;
    if (index.version === VERSION) return index;
  } catch {
    // The same as one of another version.
  }
  throw incompleteCheckpoint(folder, [`${INDEX} changed or not of version ${VERSION}`]);
}
