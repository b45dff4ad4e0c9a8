import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';

import { writeFileAtomic } from '@protocl/core';
import { decodeSafetensors, encodeSafetensors } from '@protocl/encoders';
import type { Labels } from '@protocl/evaluators';

import { pipelineError } from '../errors.js';
import { decodeNpy, encodeNpy } from './npy.js';

/** Features on the host. */
export interface HostFeatures {
  /** float32 [n, D]. */
  readonly features: Float32Array;
  /** [n, D]. */
  readonly shape: readonly [number, number];
  /** A class for each, or several; undefined where there are no classes. */
  readonly labels?: Labels;
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
function besideNpy(path: string, what: 'labels' | 'indices'): string {
  return path.replace(/\.npy$/i, `.${what}.npy`);
}

/** int32 of the host. */
interface IntegerArray {
  readonly data: Int32Array;
  readonly shape: readonly number[];
}

/**
 * Writes features: as safetensors with the tensors `features`, `labels` and `indices`, or as `.npy`
 * with `NAME.labels.npy` and `NAME.indices.npy` beside it. Labels are int32 [n], or [n, classes] with 1, 0
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
 * Reads features that {@link writeFeatures} or another program wrote.
 *
 * @throws {ProtoclError} `INVALID_FEATURES` if there are none; what the encoders' reader throws
 */
export async function readFeatures(path: string): Promise<HostFeatures> {
  const format = featureFormat(path);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw invalid(path, 'a file that can be read', cause);
  });
  if (format === '.npy') {
    const array = decodeNpy(bytes);
    const labels = await optionalLabels(besideNpy(path, 'labels'));
    return checked(path, array, labels);
  }
  const { features, labels } = decodeSafetensors(bytes).tensors;
  if (features === undefined) throw invalid(path, 'a tensor with the name features');
  return checked(path, features, labels && labelsOf(labels));
}

/** Whether a path leads to a file of features rather than to a checkpoint or the folder of a run. */
export async function isFeatureFile(path: string): Promise<boolean> {
  if (extname(path).toLowerCase() === '.npy') return true;
  const isFile = await stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
  if (!isFile || extname(path).toLowerCase() !== '.safetensors') return false;
  return decodeSafetensors(await readFile(path)).tensors['features'] !== undefined;
}

async function optionalLabels(path: string): Promise<Labels | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && labelsOf(decodeNpy(bytes));
}

function arrayOf(labels: Labels): IntegerArray {
  if (labels instanceof Int32Array) return { data: labels, shape: [labels.length] };
  const { classes, values } = labels;
  return { data: Int32Array.from(values), shape: [values.length / classes, classes] };
}

/** Labels as they are stored: int32 [n] or [n, classes]; undefined for anything else. */
export function labelsOf({
  data,
  shape,
}: {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}): Labels | undefined {
  if (!(data instanceof Int32Array) || shape.length === 0 || shape.length > 2) return undefined;
  const [, classes] = shape;
  return classes === undefined ? data : { classes, values: data };
}

function countOf(labels: Labels): number {
  return labels instanceof Int32Array ? labels.length : labels.values.length / labels.classes;
}

function checked(
  path: string,
  { data, shape }: { readonly data: Float32Array | Int32Array; readonly shape: readonly number[] },
  labels: Labels | undefined,
): HostFeatures {
  const [rows, columns] = shape;
  if (!(data instanceof Float32Array) || shape.length !== 2) throw invalid(path, 'float32 [n, D]');
  if (labels !== undefined && countOf(labels) !== rows) throw invalid(path, `${rows} labels`);
  return { features: data, shape: [rows!, columns!], ...(labels && { labels }) };
}

function invalid(path: string, expected: string, cause?: unknown): Error {
  return pipelineError('INVALID_FEATURES', {
    message: 'there are no features in this file',
    given: path,
    expected,
    remedy: 'Write them by protocl embed',
    ...(cause !== undefined && { cause }),
  });
}
