import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';

import { isProtoclError, ProtoclError, writeFileAtomic } from '@protocl/core';
import { decodeSafetensors, encodeSafetensors } from '@protocl/encoders';

import type { HostLabels } from '../data/annotationsOf.js';
import { pipelineError } from '../errors.js';
import { exists } from '../run/exists.js';
import { classLabels, featureMatrix, numberedClasses, type FeatureMatrix } from './featureValues.js';
import { decodeNpy, encodeNpy, type NumberArray } from './npy.js';

/** Features on the host. */
export interface HostFeatures {
  /** float32 [n, D]. */
  readonly features: Float32Array;
  /** [n, D]. */
  readonly shape: readonly [number, number];
  /** A class for each, or several; undefined where there are no classes. */
  readonly labels?: HostLabels;
  /** int32 [n]: which image of the data set each is of. */
  readonly indices?: Int32Array;
}

const FORMATS = ['.safetensors', '.npy'] as const;
type Format = (typeof FORMATS)[number];

/**
 * The kind of file that a path names.
 *
 * @throws {ProtoclError} `INVALID_OPTION` if it is none for features
 */
export function featureFormat(path: string): Format {
  const format = FORMATS.find((known) => known === extname(path).toLowerCase());
  if (format !== undefined) return format;
  throw pipelineError('INVALID_OPTION', {
    message: 'features are not kept in such a file',
    given: path,
    expected: `a name that ends in ${FORMATS.join(' or ')}`,
  });
}

/** Where the labels and the indices of features in a `.npy` are. */
export function besideNpy(path: string, what: 'labels' | 'indices'): string {
  return path.replace(/\.npy$/i, `.${what}.npy`);
}

/** int32 of the host. */
interface IntegerArray {
  readonly data: Int32Array;
  readonly shape: readonly number[];
}

/**
 * Writes features: as safetensors with the tensors `features`, `labels` and `indices`, or as `.npy`
 * with `NAME.labels.npy` and `NAME.indices.npy` beside it. HostLabels are int32 [n], or [n, classes] with 1, 0
 * and -1 where images show several classes.
 *
 * @returns the paths that were written
 * @throws {ProtoclError} `INVALID_OPTION`, `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function writeFeatures(
  path: string,
  { features, shape, labels, indices }: HostFeatures,
  metadata: Record<string, string> = {},
): Promise<string[]> {
  const lists = Object.entries({ labels, indices }).flatMap(([name, list]) =>
    list ? [[name as 'labels' | 'indices', arrayOf(list)] as const] : [],
  );
  if (featureFormat(path) === '.safetensors') {
    const tensors = Object.fromEntries(
      lists.map(([name, array]) => [name, { dtype: 'int32' as const, ...array }]),
    );
    const all = { features: { dtype: 'float32' as const, shape, data: features }, ...tensors };
    await writeFileAtomic(path, encodeSafetensors(all, metadata));
    return [path];
  }
  await writeFileAtomic(path, encodeNpy({ data: features, shape }));
  for (const [name, array] of lists) await writeFileAtomic(besideNpy(path, name), encodeNpy(array));
  return [path, ...lists.map(([name]) => besideNpy(path, name))];
}

/**
 * Reads features that {@link writeFeatures} or another program wrote, and their classes: those in the file
 * or beside it.
 *
 * @param labelFile the file of their classes, a `.npy`, in place of those
 * @throws {ProtoclError} `INVALID_FEATURES` if there are none, or classes that are not those of these
 *   features; what the encoders' reader throws
 */
export async function readFeatures(path: string, labelFile?: string): Promise<HostFeatures> {
  const format = featureFormat(path);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw notReadable(path, cause);
  });
  if (format === '.npy') {
    const matrix = featureMatrix(decodeNpy(bytes, path), path);
    const beside = besideNpy(path, 'labels');
    const hasOwn = labelFile === undefined && (await exists(beside));
    return withLabels(matrix, await labelsAt(hasOwn ? beside : labelFile, matrix));
  }
  const { features, labels } = safetensorsOf(bytes, path);
  if (features === undefined) {
    throw pipelineError('INVALID_FEATURES', {
      message: 'there are no features in this file',
      given: path,
      expected: 'a tensor with the name features',
      remedy: 'Write them by `protocl embed`',
    });
  }
  const matrix = featureMatrix(features, path);
  if (labelFile !== undefined) return withLabels(matrix, await labelsAt(labelFile, matrix));
  return withLabels(matrix, labels && classLabels(labels, `labels of ${path}`, matrix.shape[0]));
}

/** Whether a path leads to a file of features rather than to a checkpoint or the folder of a run. */
export async function isFeatureFile(path: string): Promise<boolean> {
  if (extname(path).toLowerCase() === '.npy') return true;
  const isFile = await stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
  if (!isFile || extname(path).toLowerCase() !== '.safetensors') return false;
  return safetensorsOf(await readFile(path), path)['features'] !== undefined;
}

async function labelsAt(
  path: string | undefined,
  { shape: [samples] }: FeatureMatrix,
): Promise<HostLabels | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw notReadable(path, cause);
  });
  return classLabels(decodeNpy(bytes, path, numberedClasses), path, samples);
}

function withLabels(matrix: FeatureMatrix, labels: HostLabels | undefined): HostFeatures {
  return { ...matrix, ...(labels && { labels }) };
}

function safetensorsOf(bytes: Uint8Array, path: string): Readonly<Record<string, NumberArray>> {
  try {
    return decodeSafetensors(bytes).tensors;
  } catch (error) {
    if (!isProtoclError(error)) throw error;
    throw new ProtoclError(error.code, { message: `${path}: ${error.message}`, cause: error });
  }
}

function notReadable(path: string, cause: unknown): Error {
  return pipelineError('INVALID_FEATURES', {
    message: `a file could not be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`,
    given: path,
    expected: 'a file of features, or of their classes',
    remedy: 'Check the path and the permissions',
    cause,
  });
}

function arrayOf(labels: HostLabels): IntegerArray {
  if (labels instanceof Int32Array) return { data: labels, shape: [labels.length] };
  const { classes, values } = labels;
  return { data: Int32Array.from(values), shape: [values.length / classes, classes] };
}
