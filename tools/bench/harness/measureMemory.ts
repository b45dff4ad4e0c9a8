import {
  contendersOf,
  prepareSide,
  roundOrder,
  unitSize,
  type Case,
  type CaseSamples,
  type Contender,
  type Sides,
  type Trial,
} from './comparison.js';
import { numberIn, Side } from './side.js';

/** How peak memory is sampled. */
export interface MemoryOptions {
  readonly samples: number;
  /** Whether the first sample of each of the peer's settings decides which of them are measured on. */
  readonly tournament?: boolean;
}

/** A setting that takes so many times the memory of the smallest is not measured any more. */
const MARGIN = 1.1;

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
  { samples, tournament = false }: MemoryOptions,
): Promise<CaseSamples> {
  const contenders = contendersOf(benchCase, sides).map((contender) => ({
    ...contender,
    values: [] as number[],
  }));
  let versions = {};
  let trials: readonly Trial[] = [];
  let measuring = contenders;
  for (let round = 0; round < samples; round++) {
    for (const contender of roundOrder(measuring, round)) {
      const measured = await memoryOf(contender, benchCase.iterations ?? DEFAULT_STEPS);
      if (measured === null) continue;
      contender.values.push(measured.bytes / unitSize[benchCase.unit]);
      versions = { ...measured.versions, ...versions };
    }
    if (tournament && round === 0) {
      const [own, ...settings] = contenders.filter(({ values }) => values.length > 0);
      const least = Math.min(...settings.map(({ values }) => values[0]!));
      measuring = [own!, ...settings.filter(({ values }) => values[0]! <= MARGIN * least)];
      trials = settings.map(({ label, values }) => ({
        label,
        median: values[0]!,
        samples: 1,
        taken: measuring.some((one) => one.label === label),
        libraries: [],
      }));
    }
  }
  const [ours, ...peers] = measuring.filter(({ values }) => values.length > 0);
  return { ours: ours!, peers, trials, versions };
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
