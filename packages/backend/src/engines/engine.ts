/** The backends that `useBackend` knows, fastest first. */
export const BACKEND_NAMES = [
  'torch',
  'tfjs-node-gpu',
  'tfjs-node',
  'webgpu',
  'webgl',
  'wasm',
  'cpu',
] as const;

/** The name of a backend as `useBackend` takes it. */
export type BackendName = (typeof BACKEND_NAMES)[number];

/** How a backend is to run; each backend reads what applies to it. */
export interface EngineOptions {
  /** torch: `cpu`, `cuda`, `cuda:N` or `mps`. */
  readonly device?: string;
  /** torch, tfjs-node, and wasm in browsers: threads of one op. */
  readonly threads?: number;
  /** torch: bytes of CPU tensors above which an op fails with a typed error. */
  readonly memoryLimit?: number;
  /** torch on CUDA: float32 in full precision (`highest`), or with TF32 in products and convolutions (`high`). */
  readonly float32Precision?: 'highest' | 'high';
  /** torch on CUDA: whether cuDNN tries its algorithms at each new shape. */
  readonly cudnnBenchmark?: boolean;
  /** Told one line for each step of a longer set-up. */
  readonly log: (line: string) => void;
}

/** One way to run TensorFlow.js. */
export interface Engine {
  /** `other`: one that somebody registered under a name of its own. */
  readonly name: BackendName | 'other';
  /** The name under which TensorFlow.js knows the backend. */
  readonly tfjsName: string;
  /**
   * Loads and starts the backend, without making it the active one.
   *
   * @returns the device that it runs on
   * @throws an error that says why it cannot run here and what to do
   */
  start(options: EngineOptions): Promise<string>;
}
