/** A tensor on the host. */
export interface TensorState {
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  /** Row-major, of the dtype. */
  readonly data: Float32Array | Int32Array;
}

/** What has to survive a restart, as plain data. */
export interface State {
  readonly tensors: Readonly<Record<string, TensorState>>;
}
