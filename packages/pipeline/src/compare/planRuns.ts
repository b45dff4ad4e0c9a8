import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { sizesFromConfig } from '../config/combinations.js';
import { differences } from '../config/differences.js';
import type { ConfigLayer } from '../config/layers.js';
import { ConfigError, type ConfigProblem } from '../config/problems.js';
import { resolveConfig, type ResolvedConfig } from '../config/resolveConfig.js';
import type { Config } from '../config/schema.js';
import { isFileData } from '../config/sections/data.js';
import type { EvaluatorName } from '../commands/evaluate.js';
import { configuredEngine, requireMemoryFor } from '../memory/requireMemoryFor.js';
import type { Arm, Grid } from './openGrid.js';

/** One run of a comparison. */
export interface PlannedRun {
  readonly arm: string;
  readonly seed: number;
  /** ARM/seed-N, for people. */
  readonly name: string;
  readonly folder: string;
  readonly resolved: ResolvedConfig;
}

export interface PlanOptions {
  /** Absolute; each run has a folder in it. */
  readonly folder: string;
  /** Settings of all arms, over their own. */
  readonly changes: readonly ConfigLayer[];
}

/**
 * Puts the configurations of all runs together, and checks them before any of them begins.
 *
 * @returns every arm with the first seed, then with the second and so on: if it ends early, the arms can
 *   be compared all the same
 * @throws {ConfigError} `INVALID_CONFIG` with the problems of all arms
 * @throws {ProtoclError} `INSUFFICIENT_MEMORY` for the first arm that needs more than there is
 */
export function planRuns(grid: Grid, { folder, changes }: PlanOptions): PlannedRun[] {
  const problems = new Problems();
  const configs = new Map<string, (seed: number) => ResolvedConfig>();
  for (const arm of grid.arms) {
    problems.collect(arm.name, () => {
      const configOf = configsOf(arm, grid, changes);
      const { config } = configOf(grid.seeds[0]!);
      requireMemoryFor(`a run of arm ${arm.name}`, config, sizesFromConfig(config), configuredEngine(config));
      problems.add(arm.name, [...ownSeeds(arm), ...unjudged(config, grid.evaluators)]);
      for (const [other, otherConfigOf] of configs) {
        if (differences(otherConfigOf(grid.seeds[0]!).config, config).length > 0) continue;
        problems.add(arm.name, [sameAs(arm.name, other)]);
      }
      configs.set(arm.name, configOf);
    });
  }
  problems.throwIfAny();
  return grid.seeds.flatMap((seed) =>
    [...configs].map(([arm, configOf]) => {
      const name = `${arm}/seed-${seed}`;
      return { arm, seed, name, folder: join(folder, arm, `seed-${seed}`), resolved: configOf(seed) };
    }),
  );
}

/** The configuration of an arm with each seed; checked, as the seed makes none impossible. */
function configsOf(
  { name, layers }: Arm,
  grid: Grid,
  changes: readonly ConfigLayer[],
): (seed: number) => ResolvedConfig {
  const share = Math.max(1, Math.floor(availableParallelism() / grid.parallel));
  const threads = grid.threads ?? share;
  const engine = {
    origin: grid.threads === undefined ? 'processors / parallel' : 'threads of the grid',
    values: { engine: { threads } },
  };
  const all = [engine, ...layers, { origin: `arm ${name}`, values: { name } }, ...changes];
  const { config } = resolveConfig(all);
  // Else each run would start a thread for every processor.
  const readsFiles = isFileData(config.data) && config.data.workers === undefined;
  const workers = { origin: engine.origin, values: { data: { workers: config.engine.threads } } };
  return (seed) =>
    resolveConfig([...all, ...(readsFiles ? [workers] : []), { origin: 'seeds', values: { seed } }]);
}

/** The problems of several arms; one that they share is told once. */
class Problems {
  readonly #found = new Map<string, { readonly problem: ConfigProblem; readonly arms: string[] }>();

  collect(arm: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.add(arm, error.problems);
    }
  }

  add(arm: string, problems: readonly ConfigProblem[]): void {
    for (const problem of problems) {
      const key = JSON.stringify(problem);
      const known = this.#found.get(key) ?? { problem, arms: [] };
      known.arms.push(arm);
      this.#found.set(key, known);
    }
  }

  throwIfAny(): void {
    if (this.#found.size === 0) return;
    throw new ConfigError(
      [...this.#found.values()].map(({ problem, arms }) => {
        const { origin } = problem;
        const named = `arm ${arms.join(', ')}`;
        if (origin === undefined) return { ...problem, origin: named };
        return origin.startsWith(named) ? problem : { ...problem, origin: `${origin}, in ${named}` };
      }),
    );
  }
}

/** A seed in a grid would have no effect. */
function ownSeeds({ layers }: Arm): ConfigProblem[] {
  return layers.flatMap(({ origin, values }): ConfigProblem[] =>
    'seed' in values && /^(arm|base) /.test(origin)
      ? [
          {
            kind: 'impossible combination',
            path: 'seed',
            origin,
            given: values['seed'],
            expected: 'no seed of an arm or the base',
            suggestion: 'Name it in seeds, which all arms are trained with',
          },
        ]
      : [],
  );
}

/** Evaluators that the images of a configuration can say nothing to. */
function unjudged({ data }: Config, evaluators: readonly EvaluatorName[]): ConfigProblem[] {
  if (data.kind === 'folder' && (data.test === undefined || data.classes === 'none')) {
    const isUntested = data.test === undefined;
    return [
      {
        kind: 'missing',
        path: isUntested ? 'data.test' : 'data.classes',
        expected: 'held-out images with classes, to judge encoders by',
      },
    ];
  }
  const impossible = evaluators.filter((name) => name !== 'svm' && name !== 'lowShot' && name !== 'tsne');
  if (data.kind !== 'voc2007' || impossible.length === 0) return [];
  return [
    {
      kind: 'impossible combination',
      path: 'data.kind',
      given: data.kind,
      expected: `images with one class each, for ${impossible.join(', ')}`,
      suggestion: 'Name other evaluators: svm, lowShot',
    },
  ];
}

function sameAs(arm: string, other: string): ConfigProblem {
  return {
    kind: 'impossible combination',
    path: `arms.${arm}`,
    expected: `settings that differ from those of arm ${other}`,
    suggestion: 'Leave one of the two out',
  };
}
