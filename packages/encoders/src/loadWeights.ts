import { requireKnownOptions } from '@protocl/core/options';

import { contentHash, HASH_KEY } from './contentHash.js';
import type { Encoder } from './encoder.js';
import { encoderError } from './errors.js';
import { HEAD_PREFIX } from './resnet/head.js';
import { readTensor } from './safetensors/decodeSafetensors.js';
import { readHeader, type SafetensorsHeader, type TensorEntry } from './safetensors/header.js';
import { readWeights } from './weights.js';

export interface LoadWeightsOptions {
  /**
   * What the encoder's names begin with in the file, such as `module.encoder_q.` in a checkpoint of MoCo
   * or PCL. Left out, it is found, if the file holds one encoder.
   */
  readonly prefix?: string;
  /**
   * `load` takes the head over; `skip` leaves the encoder's own as it is, whatever head the file has.
   * `load` by default.
   */
  readonly head?: 'load' | 'skip';
}

/** @throws {ProtoclError} `UNKNOWN_OPTION` */
export function requireLoadOptions(what: string, options: LoadWeightsOptions): void {
  requireKnownOptions(what, options, { prefix: true, head: true });
}

/** What became of each tensor in a file; all names as they are in it. */
export interface LoadReport {
  /** The one given, or found. */
  readonly prefix: string;
  readonly loaded: readonly string[];
  /** Of the file's head, with `head: 'skip'`. */
  readonly skipped: readonly string[];
  /** Not under the prefix, or counters of batches, which nothing here uses. */
  readonly ignored: readonly string[];
}

/**
 * Loads weights and running statistics from the bytes of a safetensors file with torchvision's names. All
 * tensors under the prefix have to fit; the encoder is changed wholly or not at all.
 *
 * @param bytes the whole file; where `saveEncoder` wrote it, its content is verified by the hash that it carries
 * @throws EncoderError `INVALID_OPTION`; `SAFETENSORS_INVALID` and its like for damaged bytes;
 *   `ENCODER_NOT_FOUND` and `PREFIX_AMBIGUOUS` where the prefix has to be given, or another one;
 *   `WEIGHTS_MISMATCH`, which lists the tensors
 */
export async function loadWeights(
  encoder: Encoder,
  bytes: Uint8Array,
  options: LoadWeightsOptions = {},
): Promise<LoadReport> {
  requireLoadOptions('loadWeights', options);
  const { prefix: givenPrefix, head = 'load' } = options;
  if (!['load', 'skip'].includes(head)) throw unknownHead(head);
  const header = readHeader(bytes);
  await requireWhole(bytes, header);
  const { entries } = header;
  const names = entries.map(({ name }) => name);
  const prefix = givenPrefix === undefined ? findPrefix(names) : requirePrefix(names, givenPrefix);

  const loaded: TensorEntry[] = [];
  const skipped: string[] = [];
  const ignored: string[] = [];
  for (const entry of entries) {
    const name = entry.name.slice(prefix.length);
    if (!entry.name.startsWith(prefix) || name.endsWith('.num_batches_tracked')) ignored.push(entry.name);
    else if (head === 'skip' && name.startsWith(HEAD_PREFIX)) skipped.push(entry.name);
    else loaded.push(entry);
  }
  const tensors = loaded.map((entry) => [entry.name.slice(prefix.length), readTensor(bytes, entry)] as const);
  const kept = head === 'skip' ? await readWeights(headVariables(encoder)) : {};
  encoder.fromState({ tensors: { ...kept, ...Object.fromEntries(tensors) } });
  return { prefix, loaded: loaded.map(({ name }) => name), skipped, ignored };
}

function headVariables({ variables }: Encoder): Encoder['variables'] {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith(HEAD_PREFIX)));
}

function requirePrefix(names: readonly string[], prefix: string): string {
  if (names.some((name) => name.startsWith(prefix))) return prefix;
  const found = encoderPrefixes(names);
  throw encoderError('ENCODER_NOT_FOUND', {
    message: 'no tensor has a name that begins with the prefix',
    given: prefix,
    expected: found.length > 0 ? quoted(found) : 'a prefix of torchvision’s names for a ResNet',
    remedy: 'Pass the prefix of the encoder in this file',
  });
}

function findPrefix(names: readonly string[]): string {
  const found = encoderPrefixes(names);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw encoderError('ENCODER_NOT_FOUND', {
      message: 'the file holds no ResNet',
      given: names,
      expected: 'torchvision’s names, such as conv1.weight and layer1.0.conv1.weight, under any prefix',
      remedy: 'Rename the tensors when you convert the checkpoint',
    });
  }
  throw encoderError('PREFIX_AMBIGUOUS', {
    message: 'the file holds several encoders',
    expected: `one of the prefixes ${quoted(found)}`,
    remedy: 'Pass the prefix of the one to load',
  });
}

function quoted(prefixes: readonly string[]): string {
  return prefixes.map((prefix) => `'${prefix}'`).join(', ');
}

/** All prefixes under which the names of a ResNet are found. */
function encoderPrefixes(names: readonly string[]): string[] {
  const known = new Set(names);
  return names
    .filter((name) => name.endsWith('conv1.weight'))
    .map((name) => name.slice(0, -'conv1.weight'.length))
    .filter((prefix) => known.has(`${prefix}bn1.weight`) && known.has(`${prefix}layer1.0.conv1.weight`));
}

/** @throws EncoderError `SAFETENSORS_INVALID` if a file has a hash, and another content */
async function requireWhole(bytes: Uint8Array, header: SafetensorsHeader): Promise<void> {
  const expected = header.metadata[HASH_KEY];
  const found = expected === undefined ? undefined : await contentHash(bytes, header);
  if (found === undefined || found === expected) return;
  throw encoderError('SAFETENSORS_INVALID', {
    message: 'the weights are not those that were saved: the file is damaged, or was changed since',
    given: `SHA-256 ${found}`,
    expected: `SHA-256 ${expected}`,
    remedy: `Fetch or save the file again; who changed it on purpose leaves ${HASH_KEY} out of its metadata`,
  });
}

function unknownHead(head: string): Error {
  return encoderError('INVALID_OPTION', {
    message: 'head has a value that is not known',
    given: head,
    expected: 'load, skip',
    remedy: 'Choose one of these as head',
  });
}
