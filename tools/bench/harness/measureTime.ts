import { setTimeout as sleep } from 'node:timers/promises';

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

/** How time is sampled. */
export interface TimeOptions {
  readonly samples: number;
  /** Samples of each contender that are taken first and thrown away. */
  readonly warmups?: number;
  /** What one sample should take at least; work that is shorter is repeated. */
  readonly sampleSeconds?: number;
}

/** After a sample, idle threads of its process spin for a moment and would disturb the next one. */
const SETTLE_MILLISECONDS = 15;
const MOST_ITERATIONS = 1_000_000;

/**
 * Times a case: all contenders stay alive side by side, and each round takes one sample of each,
 * never two at a time.
 *
 * @returns seconds per iteration, in the case's unit
 * @throws {ProtoclError} if a side crashes or reports an error; the others are ended
 */
export async function measureTime(
  benchCase: Case,
  sides: Sides,
  { samples, warmups = 2, sampleSeconds = 0.25 }: TimeOptions,
): Promise<CaseSamples> {
  const started = contendersOf(benchCase, sides).map((contender) => new Runner(contender));
  try {
    let versions = {};
    const contenders: Runner[] = [];
    for (const contender of started) {
      const found = await contender.prepare();
      if (found === null) continue;
      contenders.push(contender);
      versions = { ...found, ...versions };
    }

    const [ours, ...peers] = contenders as [Runner, ...Runner[]];
    let iterations = benchCase.iterations ?? 1;
    for (let i = 0; i < warmups; i++) {
      for (const contender of contenders) await contender.run(iterations);
    }
    if (benchCase.iterations === undefined) {
      iterations = await enoughIterations(ours, sampleSeconds);
      if (iterations > 1) for (const contender of contenders) await contender.run(iterations);
    }

    for (let round = 0; round < samples; round++) {
      for (const contender of roundOrder(contenders, round)) {
        await sleep(SETTLE_MILLISECONDS);
        contender.values.push((await contender.run(iterations)) / unitSize[benchCase.unit]);
      }
    }
    return { ours, peers, versions };
  } finally {
    await Promise.all(started.map((contender) => contender.side.stop()));
  }
}

/** A running contender and the samples that it has given so far. */
class Runner {
  readonly label: string;
  readonly side: Side;
  readonly values: number[] = [];
  readonly #task: Contender['task'];

  constructor({ label, side, task }: Contender) {
    this.label = label;
    this.side = new Side(side);
    this.#task = task;
  }

  prepare(): ReturnType<typeof prepareSide> {
    return prepareSide(this.side, this.#task);
  }

  /** Seconds per iteration. */
  async run(iterations: number): Promise<number> {
    const reply = await this.side.request({ cmd: 'run', iterations });
    return numberIn(reply, 'seconds') / iterations;
  }
}

/** The number of iterations that fills a sample, approached from below as the code gets warm. */
async function enoughIterations(contender: Runner, sampleSeconds: number): Promise<number> {
  let iterations = 1;
  for (;;) {
    const seconds = await contender.run(iterations);
    const wanted = Math.min(Math.ceil(sampleSeconds / Math.max(seconds, 1e-9)), MOST_ITERATIONS);
    if (wanted <= iterations * 2) return Math.max(wanted, 1);
    iterations = Math.min(wanted, iterations * 32);
  }
}
