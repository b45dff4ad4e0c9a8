import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** Every way in which packing, carrying and running the check can fail. */
export type GpuCheckErrorCode =
  'CHECK_USAGE' | 'PACK_UNSUPPORTED' | 'PACK_TOO_LARGE' | 'DEVICE_MISSING' | 'STEP_FAILED';

/** An error of the GPU check. */
export function gpuCheckError(
  code: GpuCheckErrorCode,
  details: ProtoclErrorDetails,
): ProtoclError<GpuCheckErrorCode> {
  return new ProtoclError(code, details);
}
