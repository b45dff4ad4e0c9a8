import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/**
 * Tells an OpenBLAS that libtorch may be linked with (Debian's is) which processor this is, by
 * `OPENBLAS_CORETYPE`, unless that is set. Its own detection takes processors that it does not know for
 * one of 2004, at a fifth of the speed. To be called before the addon is first loaded; other BLAS
 * libraries ignore the variable.
 *
 * In a worker thread it does nothing: its environment is a copy that native code does not see.
 */
export function correctOpenBlas(): void {
  if (!isMainThread || process.platform !== 'linux' || process.arch !== 'x64') return;
  if (process.env['OPENBLAS_CORETYPE'] !== undefined) return;
  const [core] = openBlasCores();
  if (core !== undefined) process.env['OPENBLAS_CORETYPE'] = core;
}

/** Names that OpenBLAS has for its kernels for processors with AVX2 or AVX-512. */
export type OpenBlasCore = 'SkylakeX' | 'Haswell' | 'Zen';

/**
 * The names that OpenBLAS has for the kernels that a processor can run, the best first: values of `OPENBLAS_CORETYPE`
 * for a library whose own detection does not know the processor.
 *
 * @param cpuInfo the text of `/proc/cpuinfo`, by default this machine's
 * @returns none where the processor has no AVX2, or the text tells nothing, as on other systems than Linux
 */
export function openBlasCores(cpuInfo = readCpuInfo()): readonly OpenBlasCore[] {
  const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuInfo)?.[1] ?? '';
  const flags = new Set(field('flags').split(' '));
  const has = (...names: string[]): boolean => names.every((name) => flags.has(name));
  if (!has('avx2', 'fma')) return [];
  const core = field('vendor_id') === 'AuthenticAMD' ? 'Zen' : 'Haswell';
  return has('avx512f', 'avx512bw', 'avx512dq', 'avx512vl') ? ['SkylakeX', core] : [core];
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
