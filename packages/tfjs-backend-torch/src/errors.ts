/** Every way in which the backend, its set-up or one of its kernels can fail. Stable: switch on it. */
export type TorchErrorCode =
  | 'LIBTORCH_NOT_FOUND'
  | 'LIBTORCH_BROKEN'
  | 'FETCH_FAILED'
  | 'CACHE_UNWRITABLE'
  | 'COMPILER_MISSING'
  | 'BUILD_FAILED'
  | 'PLATFORM_UNSUPPORTED'
  | 'ADDON_UNLOADABLE'
  | 'DEVICE_UNAVAILABLE'
  | 'INVALID_OPTION'
  | 'UNKNOWN_OPTION'
  | 'NOT_INITIALIZED'
  | 'OUT_OF_MEMORY'
  | 'INDEX_OUT_OF_RANGE'
  | 'INVALID_ARGUMENT'
  | 'UNSUPPORTED'
  | 'MODEL_NOT_FOUND'
  | 'MODEL_INVALID'
  | 'MODEL_UNWRITABLE'
  | 'PROFILER_UNAVAILABLE'
  | 'PROFILER_RUNNING'
  | 'TORCH_ERROR';

/** What {@link TorchBackendError} is made of. */
export interface TorchErrorDetails {
  /** One sentence: what went wrong. */
  message: string;
  /** What was given. */
  given?: unknown;
  /** What was expected instead. */
  expected?: string;
  /** What to do. */
  remedy?: string;
  cause?: unknown;
}

/** An error of the torch backend: `code` says which kind, the message says what to do. */
export class TorchBackendError extends Error {
  override readonly name = 'TorchBackendError';
  readonly code: TorchErrorCode;
  /** What went wrong, without the code and the advice that the message adds. */
  readonly problem: string;
  readonly given: unknown;
  readonly expected: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: TorchErrorCode, details: TorchErrorDetails) {
    const parts = [`${details.message} [${code}]`];
    if (details.expected !== undefined) parts.push(`Expected: ${details.expected}.`);
    if (details.remedy !== undefined) parts.push(details.remedy);
    super(parts.join(' '), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.problem = details.message;
    this.given = details.given;
    this.expected = details.expected;
    this.remedy = details.remedy;
  }
}
