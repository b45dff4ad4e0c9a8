import { encoderError } from '../errors.js';
import { dtypeNamed } from './dtypes.js';
import { duplicateKey } from './duplicateKey.js';

/** Where a tensor lies in a file. */
export interface TensorEntry {
  readonly name: string;
  /** As the format calls it, such as `F32`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The first byte, and the one after the last, counted from the beginning of the file. */
  readonly begin: number;
  readonly end: number;
}

/** What a file says of itself. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[];
}

/** Bytes of the number that the file begins with: the length of the header, little-endian. */
export const LENGTH_BYTES = 8;
export const METADATA_KEY = '__metadata__';
/** The format's own limit. */
const LONGEST_HEADER = 100_000_000;

/**
 * Reads the header of a safetensors file and checks it against the format and against the number of
 * bytes: the tensors have to fill what follows the header exactly, without gap or overlap.
 *
 * @param bytes the whole file
 * @throws EncoderError `SAFETENSORS_INVALID`, `SAFETENSORS_DTYPE`
 * @see https://github.com/huggingface/safetensors#format
 */
export function readHeader(bytes: Uint8Array): SafetensorsHeader {
  const { text, dataStart } = headerText(bytes);
  const { [METADATA_KEY]: metadata = {}, ...tensors } = parseObject(text);
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw invalid('its metadata are not strings', metadata, 'an object of strings');
  }
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value, dataStart));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireContiguous(entries, dataStart, bytes.length);
  return { metadata: metadata as Record<string, string>, entries };
}

function headerText(bytes: Uint8Array): { text: string; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw invalid('it ends within its first number', `${bytes.length} bytes`, `at least ${LENGTH_BYTES}`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > LONGEST_HEADER) {
    throw invalid('its header is too long', `${length} bytes`, `at most ${LONGEST_HEADER}`);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > bytes.length) {
    throw invalid('it ends within its header', `${bytes.length} bytes`, `at least ${dataStart}`);
  }
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(bytes.subarray(LENGTH_BYTES, dataStart)), dataStart };
  } catch {
    throw invalid('its header is not UTF-8', undefined, 'JSON in UTF-8');
  }
}

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid('its header is not JSON', text.slice(0, 40), 'a JSON object');
  }
  if (!isObject(parsed) || !text.startsWith('{')) {
    throw invalid('its header is not a JSON object', text.slice(0, 40), 'text that begins with {');
  }
  const duplicate = duplicateKey(text);
  if (duplicate === undefined) return parsed;
  throw invalid('its header names something twice', duplicate, 'every name once');
}

function parseEntry(name: string, value: unknown, dataStart: number): TensorEntry {
  if (!isObject(value)) throw invalid(`its entry ${name} is not an object`, value, 'dtype, shape, offsets');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw invalid(`the dtype of ${name} is not a name`, dtype, 'a string');
  if (!isCounts(shape)) throw invalid(`the shape of ${name} is not one`, shape, 'integers from 0');
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw invalid(`the offsets of ${name} are not two integers`, offsets, '[begin, end]');
  }
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((product, length) => product * length, dtypeNamed(dtype, name).bytes);
  if (end - begin !== size) {
    throw invalid(`the offsets of ${name} do not fit its shape`, [begin, end], `a length of ${size} bytes`);
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function requireContiguous(entries: readonly TensorEntry[], dataStart: number, fileEnd: number): void {
  let position = dataStart;
  for (const { name, begin, end } of entries) {
    if (begin !== position) {
      const trouble = begin < position ? 'overlaps the tensor before it' : 'has a gap before it';
      throw invalid(
        `the tensor ${name} ${trouble}`,
        `offset ${begin - dataStart}`,
        `${position - dataStart}`,
      );
    }
    position = end;
  }
  if (position === fileEnd) return;
  const trouble = position > fileEnd ? 'it is cut off' : 'it goes on after its last tensor';
  throw invalid(trouble, `${fileEnd} bytes`, `${position}, as its header says`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

function invalid(trouble: string, given: unknown, expected: string): Error {
  return encoderError('SAFETENSORS_INVALID', {
    message: `this is not a safetensors file, or it is damaged: ${trouble}`,
    given,
    expected,
    remedy: 'Fetch or save the file again',
  });
}
