import type { TensorInfo } from '@tensorflow/tfjs-core';

import { TorchBackendError } from './errors.js';

const MOST_INPUTS = 8;
const MOST_ATTRIBUTE_CHARACTERS = 300;

/** Errors that already tell what was being done; a kernel that calls another one must not say it again. */
const placed = new WeakSet<TorchBackendError>();

/**
 * What the addon or a kernel throws, as a typed error that tells what was being done. Anything else is returned as it
 * is: the messages of tfjs's own checks are the same on every backend, and programs rely on them.
 */
export function typedError(cause: unknown, doing: string): unknown {
  const error = typed(cause, doing);
  if (error === undefined) return cause;
  placed.add(error);
  return error;
}

/** Names a kernel with the shapes and types of its inputs, and its attributes. */
export function describeCall(
  kernelName: string,
  inputs: Readonly<Record<string, TensorInfo | undefined>>,
  attributes: object | undefined,
): string {
  return `${kernelName} failed on ${describeInputs(inputs)}${describeAttributes(attributes ?? {})}`;
}

function typed(cause: unknown, doing: string): TorchBackendError | undefined {
  if (cause instanceof TorchBackendError) {
    if (placed.has(cause)) return cause;
    const { code, problem, given, expected, remedy } = cause;
    return new TorchBackendError(code, {
      message: `${doing}: ${problem}`,
      given,
      ...(expected === undefined ? {} : { expected }),
      ...(remedy === undefined ? {} : { remedy }),
      cause: cause.cause ?? cause,
    });
  }
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  const { code, message, bytes } = cause as { code: unknown; message: string; bytes?: number };
  switch (code) {
    case 'OUT_OF_MEMORY':
      // The number of bytes is the CPU's; CUDA's message has its own, and what the device holds.
      if (isOfDevice(message)) return outOfMemory(doing, '', message, undefined, cause);
      return outOfMemory(
        doing,
        bytes === undefined ? '' : `, ${bytes} bytes were asked for`,
        message,
        bytes,
        cause,
      );
    case 'INDEX_OUT_OF_RANGE':
    case 'INVALID_ARGUMENT':
    case 'TORCH_ERROR':
      if (isTooLargeToCount(message)) {
        return outOfMemory(
          doing,
          ', more bytes were asked for than 64 bits can count',
          message,
          undefined,
          cause,
        );
      }
      if (isDeviceFull(message)) return outOfMemory(doing, '', message, undefined, cause);
      return (
        deviceError(doing, message, cause) ??
        new TorchBackendError(code, { message: `${doing}: ${sentence(message)}`, cause })
      );
    default:
      return undefined;
  }
}

function outOfMemory(
  doing: string,
  asked: string,
  message: string,
  bytes: number | undefined,
  cause: unknown,
): TorchBackendError {
  return new TorchBackendError('OUT_OF_MEMORY', {
    message: `${doing}: out of memory${asked} (${message}).`,
    given: bytes,
    remedy: isOfDevice(message)
      ? 'Use a smaller batch, dispose tensors earlier (tf.tidy), or see by nvidia-smi what else uses the device.'
      : 'Use a smaller batch, dispose tensors earlier (tf.tidy), or raise memoryLimit.',
    cause,
  });
}

/** What goes wrong with a GPU and not with the call, where it is known what that means. */
function deviceError(doing: string, message: string, cause: unknown): TorchBackendError | undefined {
  if (!isOfDevice(message)) return undefined;
  if (/no kernel image is available|unsupported toolchain|driver version is insufficient/.test(message)) {
    return new TorchBackendError('DEVICE_UNAVAILABLE', {
      message: `${doing}: ${sentence(message)}`,
      expected: 'a libtorch that was built for this GPU and whose CUDA its driver knows',
      remedy:
        'Compare nvidia-smi with `npx protocl-torch doctor`; PROTOCL_LIBTORCH chooses another libtorch.',
      cause,
    });
  }
  if (!isDeviceLost(message)) return undefined;
  return new TorchBackendError('TORCH_ERROR', {
    message: `${doing}: ${sentence(message)}`,
    remedy:
      'This process cannot use the device any more: start it anew. A GPU tells of an error later than it happens; ' +
      'with CUDA_LAUNCH_BLOCKING=1 in the environment the kernel that is named is the one that failed.',
    cause,
  });
}

function isOfDevice(message: string): boolean {
  return /\bCUDA|CUBLAS_|CUDNN_|CUFFT_|cuDNN error/.test(message);
}

/** Messages of the libraries that allocate memory of the device by themselves. */
function isDeviceFull(message: string): boolean {
  return /CUDA error: out of memory|(CUBLAS|CUDNN|CUFFT)_\w*(ALLOC_FAILED|ALLOCATION_FAILED)/.test(message);
}

/** Errors after which CUDA answers every call of the process with the same error. */
function isDeviceLost(message: string): boolean {
  return /device-side assert|illegal memory access|illegal instruction|misaligned address|launch failure|uncorrectable/.test(
    message,
  );
}

/** libtorch's messages for a tensor whose size in bytes, or number of elements, overflows. */
function isTooLargeToCount(message: string): boolean {
  return /Storage size calculation overflowed|integer multiplication overflow/.test(message);
}

function sentence(message: string): string {
  return `${message.replace(/[.\s]+$/, '')}.`;
}

function describeInputs(inputs: Readonly<Record<string, TensorInfo | undefined>>): string {
  const present = Object.entries(inputs).filter(
    // Where an input is missing, or a list of tensors, as in the ragged kernels, there is no one shape to name.
    (entry): entry is [string, TensorInfo] => entry[1]?.shape !== undefined,
  );
  if (present.length === 0) return 'no inputs';
  const shown = present.slice(0, MOST_INPUTS).map(([name, info]) => `${name} [${info.shape}] ${info.dtype}`);
  return present.length > MOST_INPUTS
    ? `${shown.join(', ')} and ${present.length - MOST_INPUTS} more`
    : shown.join(', ');
}

function describeAttributes(attributes: object): string {
  const given = Object.entries(attributes).filter(([, value]) => value != null && typeof value !== 'object');
  const lists = Object.entries(attributes).filter(([, value]) => Array.isArray(value));
  const shown = [...lists, ...given].map(
    ([name, value]) => `${name} ${JSON.stringify(value) ?? String(value)}`,
  );
  if (shown.length === 0) return '';
  const text = shown.join(', ');
  return ` with ${text.length > MOST_ATTRIBUTE_CHARACTERS ? `${text.slice(0, MOST_ATTRIBUTE_CHARACTERS)}...` : text}`;
}
