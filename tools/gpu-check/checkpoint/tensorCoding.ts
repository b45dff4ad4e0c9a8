import type { TensorState } from '@protocl/trainer';

import { compressNumbers, expandNumbers } from './compression.js';
import { exponentFor, rounded, widened, type Narrow } from './rounding.js';

type Tensors = Readonly<Record<string, TensorState>>;

/** What the large tensors of the encoders and of the optimizer are rounded to. */
export interface Rounding {
  readonly encoders: Narrow;
  readonly optimizer: Narrow;
}

/** What has to be known of a tensor to read it. */
export interface CodedTensor {
  readonly name: string;
  readonly dtype: TensorState['dtype'];
  readonly shape: readonly number[];
  /** Of its compressed bytes. */
  readonly bytes: number;
  /** Missing where the tensor is exact. */
  readonly rounded?: RoundedTensor;
}

interface RoundedTensor {
  readonly format: Narrow;
  /** The values were multiplied by this power of two. */
  readonly exponent: number;
  /** The tensor that its words are differences to. */
  readonly from?: string;
}

/** Tensors as compressed bytes, one after the other. */
export interface CodedTensors {
  readonly tensors: readonly CodedTensor[];
  readonly contents: readonly Uint8Array[];
}

/** Smaller tensors, biases and the statistics of batch norm among them, are not worth rounding. */
const FEWEST_ROUNDED = 16_384;
const ENCODER = 'method/encoder/';
const KEY_ENCODER = 'method/keyEncoder/';
const OPTIMIZER = 'optimizer/';

/**
 * Compresses the tensors of a checkpoint: without loss, or with the large ones of the encoders and the
 * optimizer rounded. The momentum encoder follows the encoder, so its rounded words are stored as their
 * small differences to the encoder's.
 */
export async function encodeTensors(tensors: Tensors, rounding: Rounding | null): Promise<CodedTensors> {
  const known = new Map<string, { readonly words: Uint16Array; readonly how: RoundedTensor }>();
  const round = (name: string, values: Float32Array, format: Narrow): Uint16Array => {
    const exponent = format === 'float16' ? exponentFor(values) : 0;
    const leader = leaderOf(name);
    const leading = leader === undefined ? undefined : known.get(leader);
    // One scale for both makes the words of nearly equal values nearly equal, if it has room for both.
    if (leading?.words.length === values.length && exponent >= leading.how.exponent - 1) {
      const words = rounded(values, format, leading.how.exponent);
      known.set(name, { words, how: { format, exponent: leading.how.exponent, from: leader! } });
      return differences(words, leading.words);
    }
    const words = rounded(values, format, exponent);
    known.set(name, { words, how: { format, exponent } });
    return words;
  };
  const prepared = inOrder(tensors).map(([name, tensor]) => {
    const format = rounding && formatOf(name, tensor, rounding);
    return { name, tensor, data: format ? round(name, tensor.data as Float32Array, format) : tensor.data };
  });
  const contents = await Promise.all(
    prepared.map(({ data }) => compressNumbers(bytesOf(data), data.BYTES_PER_ELEMENT)),
  );
  const coded = prepared.map(({ name, tensor: { dtype, shape } }, index): CodedTensor => {
    const how = known.get(name)?.how;
    return { name, dtype, shape, bytes: contents[index]!.length, ...(how && { rounded: how }) };
  });
  return { tensors: coded, contents };
}

/** The tensors that {@link encodeTensors} has compressed; rounded ones come back rounded. */
export async function decodeTensors(
  coded: readonly CodedTensor[],
  contents: Uint8Array,
): Promise<Record<string, TensorState>> {
  let end = 0;
  const expanded = await Promise.all(
    coded.map(({ bytes, rounded: how }) => {
      const begin = end;
      end += bytes;
      return expandNumbers(contents.subarray(begin, end), how ? 2 : 4);
    }),
  );
  const words = new Map<string, Uint16Array>();
  const tensors: Record<string, TensorState> = {};
  for (const [index, { name, dtype, shape, rounded: how }] of coded.entries()) {
    const { buffer } = expanded[index]!;
    if (how === undefined) {
      const data = dtype === 'float32' ? new Float32Array(buffer) : new Int32Array(buffer);
      tensors[name] = { dtype, shape, data };
      continue;
    }
    const stored = new Uint16Array(buffer);
    const own = how.from === undefined ? stored : sums(stored, words.get(how.from)!);
    words.set(name, own);
    tensors[name] = { dtype, shape, data: widened(own, how.format, how.exponent) };
  }
  return tensors;
}

/** The momentum encoder's come last, behind what they follow. */
function inOrder(tensors: Tensors): [string, TensorState][] {
  const isLast = (name: string) => Number(name.startsWith(KEY_ENCODER));
  return Object.entries(tensors).sort(([a], [b]) => isLast(a) - isLast(b));
}

/** What a tensor is rounded to, if it is. */
function formatOf(
  name: string,
  { dtype, data }: TensorState,
  { encoders, optimizer }: Rounding,
): Narrow | undefined {
  if (dtype !== 'float32' || data.length < FEWEST_ROUNDED) return undefined;
  if (name.startsWith(OPTIMIZER)) return optimizer;
  return name.startsWith(ENCODER) || name.startsWith(KEY_ENCODER) ? encoders : undefined;
}

/** The tensor that one of the momentum encoder follows. */
function leaderOf(name: string): string | undefined {
  return name.startsWith(KEY_ENCODER) ? ENCODER + name.slice(KEY_ENCODER.length) : undefined;
}

/** How far the words are from those of another tensor, counted in floating point numbers; small for small steps. */
function differences(words: Uint16Array, from: Uint16Array): Uint16Array {
  const stored = new Uint16Array(words.length);
  for (let i = 0; i < stored.length; i++) {
    const difference = ((rankOf(words[i]!) - rankOf(from[i]!)) << 16) >> 16;
    // 0, -1, 1, -2, 2, ... become 0, 1, 2, 3, 4, ...: the upper byte is then mostly 0.
    stored[i] = (difference << 1) ^ (difference >> 15);
  }
  return stored;
}

/** The words that have these {@link differences} from others. */
function sums(stored: Uint16Array, from: Uint16Array): Uint16Array {
  const words = new Uint16Array(stored.length);
  for (let i = 0; i < words.length; i++) {
    const difference = (stored[i]! >>> 1) ^ -(stored[i]! & 1);
    words[i] = wordOf((rankOf(from[i]!) + difference) & 0xffff);
  }
  return words;
}

/** The place of a floating point number among all of its format, from the most negative one on. */
function rankOf(word: number): number {
  return word & 0x8000 ? ~word & 0xffff : word | 0x8000;
}

function wordOf(rank: number): number {
  return rank & 0x8000 ? rank & 0x7fff : ~rank & 0xffff;
}

function bytesOf({ buffer, byteOffset, byteLength }: TensorState['data'] | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
