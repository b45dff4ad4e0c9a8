import { resampleBinary } from './resampleBinary.js';
import { resamplingTaps, type ResamplingTaps } from './resamplingTaps.js';
import type { ImageResampling } from '../cropResampling.js';

/** An image in memory. */
export interface RgbImage {
  /** uint8 [height, width, 3] */
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

interface Memory {
  /** Another one after every `grow`. */
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The functions of resample.wat. */
interface Passes {
  readonly memory: Memory;
  readonly resampleColumns: (
    source: number,
    sourceStride: number,
    rows: number,
    target: number,
    offsets: number,
    weights: number,
    taps: number,
    width: number,
  ) => void;
  readonly resampleRows: (
    source: number,
    rowBytes: number,
    target: number,
    offsets: number,
    weights: number,
    taps: number,
    height: number,
  ) => void;
}

const CHANNELS = 3;
/** Bytes of a pixel between the passes. */
const PIXEL_BYTES = 16;
const PAGE_BYTES = 2 ** 16;
/** Source bytes that are copied over at a time. */
const BAND_BYTES = 2 ** 18;
/** What is kept for the next image; a huge one is not to hold its memory for ever. */
const KEPT_BYTES = 2 ** 26;

let loaded: Passes | undefined;

/**
 * Resizes parts of an image in memory: twice as quick as sharp does it for small ones, and to the
 * pixel what the tensors of `augmentBatch` become, rounded.
 *
 * @returns uint8 [wanted rows, wanted columns, 3]
 */
export function resampleImage(image: RgbImage, { rows, columns }: ImageResampling): Uint8Array<ArrayBuffer> {
  const rowTaps = resamplingTaps(rows);
  const columnTaps = resamplingTaps(columns);
  const [top, bottom] = extent(rowTaps);
  const [left, right] = extent(columnTaps);
  const stride = (right - left) * CHANNELS;
  const bandRows = Math.max(1, Math.min(bottom - top, Math.floor(BAND_BYTES / stride)));
  const rowBytes = columns.wanted * PIXEL_BYTES;
  const resultBytes = rows.wanted * columns.wanted * CHANNELS;

  const passes = (loaded ??= load());
  const layout = new Layout();
  const rowTable = layout.table(rowTaps);
  const columnTable = layout.table(columnTaps);
  // The passes touch one byte behind a row's last pixel.
  const band = layout.take(bandRows * stride + 1);
  const between = layout.take((bottom - top) * rowBytes);
  const result = layout.take(resultBytes + 1);
  layout.fit(passes.memory);

  const { buffer } = passes.memory;
  layout.write(buffer, rowTable, rowTaps, top, rowBytes);
  layout.write(buffer, columnTable, columnTaps, left, CHANNELS);
  const bytes = new Uint8Array(buffer);
  for (let first = top; first < bottom; first += bandRows) {
    const count = Math.min(bandRows, bottom - first);
    for (let row = 0; row < count; row++) {
      const begin = ((first + row) * image.width + left) * CHANNELS;
      bytes.set(image.data.subarray(begin, begin + stride), band + row * stride);
    }
    const target = between + (first - top) * rowBytes;
    const { offsets, weights } = columnTable;
    passes.resampleColumns(band, stride, count, target, offsets, weights, columnTaps.taps, columns.wanted);
  }
  const { offsets, weights } = rowTable;
  passes.resampleRows(between, rowBytes, result, offsets, weights, rowTaps.taps, rows.wanted);
  if (buffer.byteLength > KEPT_BYTES) loaded = undefined;
  return bytes.slice(result, result + resultBytes);
}

/** The pixels of an axis that are used: from the first to before the second. */
function extent({ firsts, taps }: ResamplingTaps): [number, number] {
  let [from, to] = [Infinity, 0];
  for (const first of firsts) {
    from = Math.min(from, first);
    to = Math.max(to, first + taps);
  }
  return [from, to];
}

/** Where the two arrays of an axis lie. */
interface Table {
  readonly offsets: number;
  readonly weights: number;
}

/** Gives out places in the memory, one after the other. */
class Layout {
  #end = 0;

  take(bytes: number): number {
    const place = this.#end;
    this.#end = Math.ceil((place + bytes) / PIXEL_BYTES) * PIXEL_BYTES;
    return place;
  }

  table({ firsts, weights }: ResamplingTaps): Table {
    return { offsets: this.take(firsts.byteLength), weights: this.take(weights.byteLength) };
  }

  /** Makes the memory large enough for all that was taken. */
  fit(memory: Memory): void {
    const missing = this.#end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  }

  write(buffer: ArrayBuffer, table: Table, taps: ResamplingTaps, origin: number, pixelBytes: number): void {
    const offsets = new Int32Array(buffer, table.offsets, taps.firsts.length);
    for (const [i, first] of taps.firsts.entries()) offsets[i] = (first - origin) * pixelBytes;
    new Float32Array(buffer, table.weights, taps.weights.length).set(taps.weights);
  }
}

/** What is used of WebAssembly, whose types TypeScript has for browsers only. */
interface Runtime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

function load(): Passes {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Runtime }).WebAssembly;
  return new Instance(new Module(Buffer.from(resampleBinary, 'base64'))).exports as Passes;
}
