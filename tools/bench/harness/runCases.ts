import { serializeError } from '@protocl/core';

import type { Case, CaseSamples, Sides } from './comparison.js';
import { describeEnvironment } from './environment.js';
import { measureMemory } from './measureMemory.js';
import { deviceReader, residentReader } from './memoryReader.js';
import { measureTime } from './measureTime.js';
import { summarize, type BenchResult } from './record.js';

/** How cases are run. */
export interface RunOptions {
  /** Samples of each contender of a timed case. */
  readonly samples: number;
  /** Fresh processes of each contender of a memory case. */
  readonly memorySamples?: number;
  /** Only cases whose name contains this. */
  readonly filter?: string | undefined;
  readonly device: string;
  /** Told one line as a case begins. */
  readonly report: (line: string) => void;
}

/** What came out of a list of cases. A case that failed has no result; the others are not affected. */
export interface Outcome {
  readonly results: readonly BenchResult[];
  /** One message for each case or check that failed. */
  readonly failures: readonly string[];
}

/** Measures the cases one after the other. */
export async function runCases(cases: readonly Case[], sides: Sides, options: RunOptions): Promise<Outcome> {
  const results: BenchResult[] = [];
  const failures: string[] = [];
  for (const benchCase of cases.filter(({ name }) => isSelected(name, options.filter))) {
    options.report(benchCase.name);
    try {
      const samples = await measure(benchCase, sides, options);
      const environment = describeEnvironment(benchCase.threads, options.device, samples.versions);
      results.push(summarize(benchCase, samples, environment));
    } catch (error) {
      failures.push(`${benchCase.name}: ${serializeError(error).message}`);
      options.report(failures.at(-1)!);
    }
  }
  return { results, failures };
}

/** Whether a case or a check is to be run. */
export function isSelected(name: string, filter: string | undefined): boolean {
  return filter === undefined || name.includes(filter);
}

function measure(benchCase: Case, sides: Sides, options: RunOptions): Promise<CaseSamples> {
  const { memorySamples = 3 } = options;
  switch (benchCase.measure) {
    case 'time':
      return measureTime(benchCase, sides, { samples: options.samples });
    case 'peak-memory':
      return measureMemory(benchCase, sides, { samples: memorySamples, readerFor: residentReader });
    case 'device-memory': {
      const readerFor = deviceReader(options.device);
      return measureMemory(benchCase, sides, { samples: memorySamples, readerFor });
    }
    default:
      return benchCase.measure satisfies never;
  }
}
