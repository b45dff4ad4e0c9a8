import { serializeError } from '@protocl/core';

import type { Case, CaseSamples, Sides } from './comparison.js';
import { describeEnvironment } from './environment.js';
import { measureMemory } from './measureMemory.js';
import { measureTime } from './measureTime.js';
import { describeSettings, withPeerSetting } from './peerSettings.js';
import { summarize, type BenchResult } from './record.js';
import { SidePool } from './sidePool.js';

/** How cases are run. */
export interface RunOptions {
  /** Samples of each contender of a timed case. */
  readonly samples: number;
  /** What a sample of a timed case should take at least. */
  readonly sampleSeconds?: number | undefined;
  /** Fresh processes of each contender of a memory case. */
  readonly memorySamples?: number;
  /** How long a side may take to prepare or to give one sample. */
  readonly requestSeconds?: number | undefined;
  /** Only cases whose name contains this. */
  readonly filter?: string | undefined;
  /** Whether the peer's settings are tried first and only the fastest is measured; else all are measured. */
  readonly tournament?: boolean;
  /** Only ways of the peer whose name contains this. */
  readonly peerSetting?: string | undefined;
  /** Measure nothing, but report which ways of the peer there are. */
  readonly listPeerSettings?: boolean;
  readonly device: string;
  /** Whether sides live on from case to case; on a device they do by default. */
  readonly keepSides?: boolean;
  /** Ends the work: the case at hand makes do with its samples so far, and those that follow are left out. */
  readonly signal?: AbortSignal | undefined;
  /** Told one line as a case begins, and what goes wrong. */
  readonly report: (line: string) => void;
  /** Told each result at once. */
  readonly onResult?: ((result: BenchResult) => void) | undefined;
}

/** What came out of a list of cases. A case that failed has no result; the others are not affected. */
export interface Outcome {
  readonly results: readonly BenchResult[];
  /** One message for each case or check that failed. */
  readonly failures: readonly string[];
  /** The names of cases that there was no time for. */
  readonly skipped?: readonly string[];
}

/** Measures the cases one after the other. */
export async function runCases(cases: readonly Case[], sides: Sides, options: RunOptions): Promise<Outcome> {
  const { device, keepSides = device !== 'cpu', report, signal } = options;
  const results: BenchResult[] = [];
  const failures: string[] = [];
  const skipped: string[] = [];
  const selected = withPeerSetting(
    cases.filter(({ name }) => isSelected(name, options.filter)),
    options.peerSetting,
  );
  if (options.listPeerSettings === true) {
    report(describeSettings(selected));
    return { results, failures };
  }
  const pool = new SidePool({ keep: keepSides });
  try {
    for (const benchCase of selected) {
      if (signal?.aborted) {
        skipped.push(benchCase.name);
        continue;
      }
      report(benchCase.name);
      try {
        const samples = await measure(benchCase, sides, options, pool);
        for (const { label, reason } of samples.leftOut ?? []) report(`without ${label}: ${reason}`);
        const environment = describeEnvironment(benchCase.threads, device, samples.versions);
        const result = summarize(benchCase, samples, environment);
        results.push(result);
        options.onResult?.(result);
      } catch (error) {
        if (signal?.aborted) {
          skipped.push(benchCase.name);
          continue;
        }
        failures.push(`${benchCase.name}: ${serializeError(error).message}`);
        report(failures.at(-1)!);
      }
    }
  } finally {
    await pool.stop();
  }
  if (skipped.length > 0) report(`there was no time for ${skipped.join(', ')}`);
  return { results, failures, skipped };
}

/** Whether a case or a check is to be run. */
export function isSelected(name: string, filter: string | undefined): boolean {
  return filter === undefined || name.includes(filter);
}

function measure(benchCase: Case, sides: Sides, options: RunOptions, pool: SidePool): Promise<CaseSamples> {
  const { samples, memorySamples = 3, tournament = false } = options;
  switch (benchCase.measure) {
    case 'time':
      return measureTime(benchCase, sides, { ...options, samples, tournament, pool });
    case 'peak-memory':
      return measureMemory(benchCase, sides, { samples: memorySamples, tournament });
    default:
      return benchCase.measure satisfies never;
  }
}
