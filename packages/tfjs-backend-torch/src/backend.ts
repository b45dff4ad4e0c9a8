import {
  type BackendValues,
  type DataId,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type TensorInfo,
  type TypedArray,
  util,
} from '@tensorflow/tfjs-core';

import { TorchBackendError } from './errors.js';
import { describeCall, typedError } from './kernelErrors.js';
import { type Addon, addon, type Handle } from './native/addon.js';
import { dataTypeOf, forgetDescription, type NativeDataType, shapeOf } from './native/description.js';
import { operator } from './native/operator.js';
import { release, releasingScope, track, untrack } from './native/scope.js';

/** What the backend stores behind a tfjs data id. String tensors stay in JavaScript: libtorch has none. */
type Entry = {
  readonly dtype: DataType;
  references: number;
  /** Of whole numbers that may be indices, where it is known without asking the device. */
  readonly range?: IndexRange | undefined;
} & (
  { handle: Handle; readonly strings?: never } | { readonly handle?: never; readonly strings: Uint8Array[] }
);

/** Between which numbers all elements of a tensor lie, both included. */
export interface IndexRange {
  readonly least: number;
  readonly most: number;
}

/** What `tf.memory()` tells on this backend, in bytes of the engine. */
export interface TorchMemory {
  unreliable: boolean;
  /** Why, where it is unreliable. */
  reasons?: string[];
  /** Bytes in tensors now, those of the running kernel included. */
  liveBytes: number;
  /** Freed bytes that are kept for the next tensors. */
  cachedBytes: number;
  /** Largest `liveBytes` so far. */
  peakBytes: number;
  /** Above this an allocation fails with `OUT_OF_MEMORY`. */
  limitBytes: number;
}

const uncounted: TorchMemory = {
  unreliable: true,
  reasons: ['Another version of this backend started first in this process, and counts the memory of both.'],
  liveBytes: 0,
  cachedBytes: 0,
  peakBytes: 0,
  limitBytes: Number.MAX_SAFE_INTEGER,
};

/** The handle of what has been released: no tensor has it. */
const RELEASED = -1 as Handle;

/** To look through more of them would take longer than to ask the device. */
const MOST_INDICES = 2 ** 22;

const castOperator = operator('aten::to', 'dtype');

/**
 * The TensorFlow.js backend on libtorch. Start it by `await tf.setBackend('torch')`;
 * the methods beyond `KernelBackend` are for kernels.
 */
export class TorchBackend extends KernelBackend {
  private readonly storage = new DataStorage<Entry>(this, engine());
  private readonly addon: Addon = addon();
  private readonly stored = new Set<Entry>();
  private deviceBytes = 0;
  private peakDeviceBytes = 0;

  /** @param device `cpu`, `cuda`, `cuda:1`, `mps`: where the tensors live. */
  constructor(readonly device: string) {
    super();
  }

  /** The libtorch tensor of an input. It stays the backend's: kernels neither release nor change it. */
  handle(info: TensorInfo): Handle {
    const { handle } = this.entry(info);
    if (handle !== undefined) return handle;
    throw new TorchBackendError('INVALID_ARGUMENT', {
      message: `A string tensor of shape [${info.shape}] was given where numbers are needed.`,
      given: info.dtype,
      expected: 'a numeric tensor',
    });
  }

  /** The strings of a string tensor, as UTF-8. */
  strings(info: TensorInfo): Uint8Array[] {
    return this.readSync(info.dataId) as Uint8Array[];
  }

  /**
   * Makes a kernel's result a tensor of tfjs, which then owns the handle.
   * 64-bit results, which libtorch gives for indices and sums, become their 32-bit kin.
   *
   * @param range Of indices, where the kernel knows it: see {@link rangeOf}.
   */
  output(handle: Handle, dtype?: DataType, range?: IndexRange): TensorInfo {
    const native = dataTypeOf(handle);
    const wanted = dtype ?? narrowed(native);
    const owned = native === wanted ? handle : castOperator(handle, wanted);
    const shape = shapeOf(owned);
    // Before the handle is given away, because it throws for a type that tfjs does not have.
    const bytes = util.sizeFromShape(shape) * util.bytesPerElement(wanted);
    untrack(owned);
    const dataId = {};
    this.keep(dataId, { dtype: wanted, references: 1, handle: owned, range });
    this.count(bytes);
    return { dataId, shape, dtype: wanted };
  }

  /**
   * The range of a tensor of indices that came from JavaScript or from a kernel that knows it. To learn any other from a
   * GPU is to wait for all that it has been given to do. What a kernel only rearranges keeps its range.
   */
  rangeOf(info: TensorInfo): IndexRange | undefined {
    return this.entry(info).range;
  }

  /** The same values under the same data id, as an output of its own. */
  share(info: TensorInfo): TensorInfo {
    this.entry(info).references++;
    return { dataId: info.dataId, shape: info.shape, dtype: info.dtype };
  }

  /** Gives an input's storage another layout with the same values, for all who hold it. */
  relayout(info: TensorInfo, handle: Handle): void {
    const replaced = this.handle(info);
    untrack(handle);
    forgetDescription(replaced);
    forgetDescription(handle);
    this.addon.replace(replaced, handle);
  }

  /** Whether other tensors see the memory of this one, so that a change in place would change them too. */
  isShared(info: TensorInfo): boolean {
    const entry = this.storage.get(info.dataId);
    return entry.references > 1 || this.addon.isShared(this.handle(info)) === 1;
  }

  /** A tensor from JavaScript values that belongs to the running kernel. */
  constant(values: TypedArray, shape: readonly number[], dtype: DataType): Handle {
    return track(this.addon.fromData(nativeValues(values, dtype), shape, dtype, this.device));
  }

  /** A string tensor as an output. */
  outputStrings(strings: Uint8Array[], shape: number[]): TensorInfo {
    return { dataId: this.write(strings, shape, 'string'), shape, dtype: 'string' };
  }

  /** An output from JavaScript values. */
  outputValues(values: BackendValues, shape: number[], dtype: DataType): TensorInfo {
    return { dataId: this.write(values, shape, dtype), shape, dtype };
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(
    dataId: DataId,
    values: BackendValues,
    shape: number[],
    dtype: DataType,
    references: number,
  ): void {
    if (dtype === 'string') {
      this.keep(dataId, { dtype, references, strings: (values ?? []) as Uint8Array[] });
      return;
    }
    const numbers = (values ?? util.makeZerosTypedArray(util.sizeFromShape(shape), dtype)) as TypedArray;
    const stored = nativeValues(numbers, dtype);
    let handle: Handle;
    try {
      handle = this.addon.fromData(stored, shape, dtype, this.device);
    } catch (cause) {
      throw typedError(cause, `A tensor of shape [${shape}] and type ${dtype} could not be stored`);
    }
    const range = this.device !== 'cpu' && dtype === 'int32' ? rangeOfIndices(stored, shape) : undefined;
    this.keep(dataId, { dtype, references, handle, range });
    this.count(util.sizeFromShape(shape) * util.bytesPerElement(dtype));
  }

  override readSync(dataId: DataId): BackendValues {
    const entry = this.storage.get(dataId);
    if (entry.strings !== undefined) return entry.strings;
    if (entry.handle === RELEASED) {
      throw new TorchBackendError('INVALID_ARGUMENT', {
        message: 'A tensor was to be read whose torch backend has been removed or started anew.',
        expected: 'a tensor of a running backend',
        remedy: 'Read what is still needed (await tensor.data()) before that.',
      });
    }
    try {
      const values = emptyValues(util.sizeFromShape(shapeOf(entry.handle)), entry.dtype);
      this.addon.read(entry.handle, values);
      return values;
    } catch (cause) {
      throw typedError(cause, `A tensor of type ${entry.dtype} could not be read`);
    }
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: DataId): number {
    return this.storage.has(dataId) ? this.storage.get(dataId).references : 0;
  }

  override incRef(dataId: DataId): void {
    this.storage.get(dataId).references++;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.storage.has(dataId)) return true;
    const entry = this.storage.get(dataId);
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.forget(entry);
    this.storage.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.storage.numDataIds();
  }

  override memory(): TorchMemory {
    const [live, cached, peak, limit] = this.addon.memory();
    if (this.device === 'cpu') {
      if (this.addon.countsMemory() === 0) return { ...uncounted };
      return { unreliable: false, liveBytes: live, cachedBytes: cached, peakBytes: peak, limitBytes: limit };
    }
    // libtorch's own allocator of the device keeps the cache. Where it does not tell its figures, there are those of
    // the tensors that are counted here.
    const [liveBytes, peakBytes, heldBytes] = this.addon.deviceMemory(this.device) ?? [
      this.deviceBytes,
      this.peakDeviceBytes,
      this.deviceBytes,
    ];
    return {
      unreliable: false,
      liveBytes,
      cachedBytes: heldBytes - liveBytes,
      peakBytes,
      limitBytes: Number.MAX_SAFE_INTEGER,
    };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(body: () => void): Promise<{ kernelMs: number }> {
    this.addon.synchronize(this.device);
    const start = performance.now();
    body();
    this.addon.synchronize(this.device);
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  /** Releases every tensor of this backend. */
  override dispose(): void {
    for (const entry of this.stored) this.forget(entry);
  }

  /** Runs a kernel: releases what it leaves behind, and says in its errors which kernel failed on what. */
  run<Result>(
    kernelName: string,
    inputs: Readonly<Record<string, TensorInfo | undefined>>,
    attributes: object | undefined,
    body: () => Result,
  ): Result {
    try {
      return releasingScope(body);
    } catch (cause) {
      throw typedError(cause, describeCall(kernelName, inputs, attributes));
    }
  }

  private keep(dataId: DataId, entry: Entry): void {
    this.storage.set(dataId, entry);
    this.stored.add(entry);
  }

  private forget(entry: Entry): void {
    if (!this.stored.delete(entry) || entry.handle === undefined) return;
    if (this.device !== 'cpu') {
      this.count(-util.sizeFromShape(shapeOf(entry.handle)) * util.bytesPerElement(entry.dtype));
    }
    release(entry.handle);
    entry.handle = RELEASED;
  }

  private count(bytes: number): void {
    this.deviceBytes += bytes;
    this.peakDeviceBytes = Math.max(this.peakDeviceBytes, this.deviceBytes);
  }

  /** What is stored of an input; it comes from another backend first where it is there. */
  private entry(info: TensorInfo): Entry {
    try {
      return this.storage.get(info.dataId);
    } catch (cause) {
      // tfjs's look-up fails like this for what no backend has.
      if (!(cause instanceof TypeError)) throw cause;
      throw new TorchBackendError('INVALID_ARGUMENT', {
        message:
          (info as TensorInfo | undefined) === undefined
            ? 'An input is missing.'
            : `A tensor of shape [${info.shape}] was disposed before the kernel ran.`,
        expected: 'a live tensor',
        cause,
      });
    }
  }
}

/** The range of what may be indices; images are not looked through. */
function rangeOfIndices(values: TypedArray, shape: readonly number[]): IndexRange | undefined {
  if (values.length === 0 || values.length > MOST_INDICES || shape.length > 2) return undefined;
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most };
}

/** The tfjs type that holds a libtorch type's values. */
function narrowed(native: NativeDataType): DataType {
  switch (native) {
    case 'float64':
      return 'float32';
    case 'int64':
    case 'uint8':
      return 'int32';
    default:
      return native;
  }
}

/** Values in the memory layout that libtorch has for a type. */
function nativeValues(values: TypedArray, dtype: DataType): TypedArray {
  switch (dtype) {
    case 'int32':
      return values instanceof Int32Array ? values : Int32Array.from(values);
    case 'bool':
      return values instanceof Uint8Array ? values : Uint8Array.from(values);
    default:
      return values instanceof Float32Array ? values : Float32Array.from(values);
  }
}

function emptyValues(size: number, dtype: DataType): TypedArray {
  switch (dtype) {
    case 'int32':
      return new Int32Array(size);
    case 'bool':
      return new Uint8Array(size);
    case 'complex64':
      return new Float32Array(2 * size);
    default:
      return new Float32Array(size);
  }
}
