import { ProtoclError, type ProtoclErrorDetails } from '@protocl/core';

/** Every way in which a benchmark can fail, apart from the code that it measures. */
export type BenchErrorCode =
  | 'BENCH_USAGE'
  | 'BENCH_SIDE_CRASHED'
  | 'BENCH_SIDE_FAILED'
  | 'BENCH_SIDE_SILENT'
  | 'BENCH_TIME_UP'
  | 'BENCH_PEER_UNUSABLE'
  | 'BENCH_DISAGREEMENT'
  | 'BENCH_MEASUREMENT_MISSING'
  | 'BENCH_MEMORY_GROWS';

/** An error of the benchmark harness. */
export function benchError(code: BenchErrorCode, details: ProtoclErrorDetails): ProtoclError<BenchErrorCode> {
  return new ProtoclError(code, details);
}
