import {
  contendersOf,
  prepareSide,
  roundOrder,
  unitSize,
  type Case,
  type CaseSamples,
  type Contender,
  type Sides,
} from './comparison.js';
import { numberIn, Side } from './side.js';

/** How peak memory is sampled. */
export interface MemoryOptions {
  readonly samples: number;
}

const DEFAULT_STEPS = 5;

/**
 * Measures the memory of a case: every sample is a fresh process that does the case's number of
 * iterations and is then asked for the most that was resident. One process lives at a time.
 *
 * @returns bytes, in the case's unit
 * @throws {ProtoclError} if a side crashes or reports an error
 */
export async function measureMemory(
  benchCase: Case,
  sides: Sides,
  { samples }: MemoryOptions,
): Promise<CaseSamples> {
  const contenders = contendersOf(benchCase, sides).map((contender) => ({
    ...contender,
    values: [] as number[],
  }));
  let versions = {};
  for (let round = 0; round < samples; round++) {
    for (const contender of roundOrder(contenders, round)) {
      const measured = await memoryOf(contender, benchCase.iterations ?? DEFAULT_STEPS);
      if (measured === null) continue;
      contender.values.push(measured.bytes / unitSize[benchCase.unit]);
      versions = { ...measured.versions, ...versions };
    }
  }
  const [ours, ...peers] = contenders.filter(({ values }) => values.length > 0);
  return { ours: ours!, peers, versions };
}

async function memoryOf({ side: command, task }: Contender, iterations: number) {
  const side = new Side(command);
  try {
    const { versions, unsupported } = await prepareSide(side, task);
    if (unsupported !== undefined) return null;
    for (let i = 0; i < iterations; i++) await side.request({ cmd: 'run', iterations: 1 });
    return { bytes: numberIn(await side.request({ cmd: 'memory' }), 'peakBytes'), versions };
  } finally {
    await side.stop();
  }
}
