import { readFile } from 'node:fs/promises';

import { isProtoclError, isShallow, writeFileAtomic, type WrittenFile } from '@protocl/core';
import { decodeSafetensors, encodeSafetensors } from '@protocl/encoders';
import { z } from 'zod';

import { trainerError } from '../errors.js';
import type { Position } from '../method.js';
import type { JsonValue, State } from '../state.js';
import { contentHash } from './contentHash.js';
import type { RunIdentity } from './runIdentity.js';

/** The best evaluation of a run so far. */
export interface BestCheckpoint {
  readonly metric: string;
  readonly value: number;
  /** Name of its file. */
  readonly file: string;
}

/** All of a run that is needed to go on with it. */
export interface Checkpoint extends Position {
  /** Names of what the state belongs to. */
  readonly method: string;
  readonly optimizer: string;
  /** The caller's configuration, for whoever opens the file later. */
  readonly config: JsonValue;
  readonly best: BestCheckpoint | null;
  /** What the run is made of; missing in files of before that was kept. */
  readonly identity?: RunIdentity;
  /** Of the method, the optimizer and the caller's record, under these prefixes. */
  readonly state: State;
}

const FORMAT = 'protocl-checkpoint';
const VERSION = 1;
/** The format's name stands this near to the beginning. */
const HEAD_BYTES = 256;

/**
 * Writes a checkpoint: one safetensors file whose metadata say what it is, with a hash of all of it.
 * A crash leaves the old file or the whole new one.
 *
 * @throws {ProtoclError} `STATE_NOT_FINITE` if a tensor holds NaN or infinity; `DISK_FULL`,
 *   `FILE_NOT_WRITABLE`. What was there before stays.
 */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<WrittenFile> {
  const { state, ...described } = checkpoint;
  for (const [name, { data }] of Object.entries(state.tensors)) requireFinite(name, data);
  const description = JSON.stringify({ ...described, values: state.values ?? {} });
  const metadata = {
    format: FORMAT,
    version: String(VERSION),
    sha256: contentHash(description, state.tensors),
    checkpoint: description,
  };
  return writeFileAtomic(path, encodeSafetensors(state.tensors, metadata));
}

/**
 * Reads a checkpoint and verifies that it is what was written.
 *
 * @throws {ProtoclError} `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_DAMAGED`, `CHECKPOINT_FOREIGN`,
 *   `CHECKPOINT_VERSION`
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw trainerError('CHECKPOINT_NOT_FOUND', {
      message: 'a checkpoint could not be read',
      given: path,
      expected: 'the path of a checkpoint',
      cause,
    });
  });
  const { tensors, metadata } = decode(path, bytes);
  const { format, version, sha256, checkpoint } = metadata;
  if (format !== FORMAT || checkpoint === undefined) throw foreign(path, 'safetensors of something else');
  if (Number(version) > VERSION) {
    throw trainerError('CHECKPOINT_VERSION', {
      message: `${path} was written by a later version of this package`,
      given: `layout ${String(version)}`,
      expected: `layout ${VERSION}`,
      remedy: 'Update @protocl/trainer',
    });
  }
  if (version !== String(VERSION)) throw damaged(path, `layout ${String(version)}`, `layout ${VERSION}`);
  const hash = contentHash(checkpoint, tensors);
  if (hash !== sha256) throw damaged(path, `SHA-256 ${hash}`, `SHA-256 ${String(sha256)}`);
  const { values, ...described } = parseDescription(path, checkpoint);
  return { ...described, state: { tensors, values } };
}

/** A checkpoint without its tensors. */
type Description = Omit<Checkpoint, 'state'> & { readonly values: Record<string, JsonValue> };

const count = z.int().nonnegative();

/** What is needed to tell where a run was; its configuration and its state are for others to judge. */
const descriptionSchema = z.looseObject({
  epoch: count,
  step: count,
  method: z.string(),
  optimizer: z.string(),
  // Infinity is null in JSON.
  best: z.object({ metric: z.string(), value: z.number().nullable(), file: z.string() }).nullable(),
  identity: z.object({ steps: z.record(z.string(), z.number()), data: z.unknown() }).optional(),
  values: z.record(z.string(), z.unknown()),
});

/** The hash says that it is what somebody wrote, not that it is a checkpoint. */
function parseDescription(path: string, text: string): Description {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, 'a description that is not JSON', 'what saveCheckpoint wrote', cause);
  }
  const result = isShallow(parsed) ? descriptionSchema.safeParse(parsed) : undefined;
  // Taken as it was parsed: what the schema makes of it may differ in the order of its keys.
  if (result?.success) return parsed as Description;
  const where = result?.error.issues[0]?.path.join('.') ?? 'nested without end';
  throw damaged(path, `a description of another form: ${where}`, 'what saveCheckpoint wrote');
}

function decode(path: string, bytes: Buffer): ReturnType<typeof decodeSafetensors> {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    if (!isProtoclError(cause)) throw cause;
    const looksLikeOurs = bytes.length < HEAD_BYTES || bytes.subarray(0, HEAD_BYTES).includes(FORMAT);
    if (!looksLikeOurs) throw foreign(path, 'another kind of file', cause);
    throw damaged(path, `${bytes.length} bytes`, 'the whole file', cause);
  }
}

function damaged(path: string, given: string, expected: string, cause?: unknown): Error {
  return trainerError('CHECKPOINT_DAMAGED', {
    message: `the checkpoint ${path} is truncated or damaged`,
    given,
    expected,
    remedy: 'Use an older checkpoint of the same run',
    cause,
  });
}

function foreign(path: string, given: string, cause?: unknown): Error {
  return trainerError('CHECKPOINT_FOREIGN', {
    message: `${path} is not a checkpoint`,
    given,
    expected: 'a file that saveCheckpoint wrote',
    cause,
  });
}

function requireFinite(name: string, data: Float32Array | Int32Array): void {
  if (data instanceof Int32Array) return;
  // NaN and infinities are what does not cancel itself; a loop, since there are millions.
  let index = 0;
  while (index < data.length && data[index]! - data[index]! === 0) index++;
  if (index === data.length) return;
  throw trainerError('STATE_NOT_FINITE', {
    message: `the state of the run is broken, so no checkpoint was written: ${name} is not finite`,
    given: data[index],
    expected: 'finite numbers',
    remedy: 'Resume from the last checkpoint with a lower learning rate or a longer warm-up',
  });
}
