import { parseRecipe } from '@protocl/augment';
import { isProtoclError } from '@protocl/core';

import { recipeOf } from '../data/recipe.js';
import { automaticNeighbours } from './automaticRules.js';
import { problemsOfMethod } from './methodOf.js';
import type { ConfigProblem } from './problems.js';
import type { Config, OpenConfig } from './schema.js';
import { KNOWN_SIZES, isFileData } from './sections/data.js';

/** How many images there are, where that is known. */
export interface DataSizes {
  readonly train?: number;
  readonly test?: number;
}

/** What the configuration alone says about the number of images; nothing for images in files. */
export function sizesFromConfig({ data }: Pick<OpenConfig, 'data'>): DataSizes {
  if (isFileData(data)) return {};
  const { train, test } = KNOWN_SIZES[data.kind];
  return { train: Math.min(train, data.limit ?? train), test: Math.min(test, data.testLimit ?? test) };
}

/** The settings that are each possible but not together, or not with so many images. */
export function impossibleCombinations(
  config: Config,
  sizes: DataSizes = sizesFromConfig(config),
): ConfigProblem[] {
  return [
    ...recipeProblems(config),
    ...methodProblems(config, sizes),
    ...warmupProblems(config),
    ...sizeProblems(config, sizes),
  ];
}

/** Steps of a recipe that fit their schema but not the size of the views. */
export function recipeProblems({ augmentation }: Pick<Config, 'augmentation'>): ConfigProblem[] {
  try {
    parseRecipe(recipeOf(augmentation));
    return [];
  } catch (error) {
    if (!isProtoclError(error)) throw error;
    const { message, given } = error;
    return [
      impossible('augmentation', given, {
        expected: `another recipe: ${message}`,
        suggestion: 'Change augmentation.size or augmentation.changes',
      }),
    ];
  }
}

function methodProblems(config: Config, { train = Infinity }: DataSizes): ConfigProblem[] {
  const problems = problemsOfMethod(config, { size: train, batchSize: config.training.batchSize });
  return problems.map(({ path, message, given, expected, remedy }) =>
    impossible(`method.${path}`, given, { expected: `${expected}: ${message}`, suggestion: remedy }),
  );
}

function warmupProblems({ method, schedule, training }: Config): ConfigProblem[] {
  const { epochs } = training;
  const problems: ConfigProblem[] = [];
  if (method.kind === 'pcl' && method.warmupEpochs > epochs) {
    problems.push(
      impossible('method.warmupEpochs', method.warmupEpochs, {
        expected: `at most training.epochs, ${epochs}`,
        suggestion: `Use ${Math.floor(epochs / 10)}, or train for longer`,
      }),
    );
  }
  if (schedule.warmupEpochs > 0 && schedule.warmupEpochs >= epochs) {
    problems.push(
      impossible('schedule.warmupEpochs', schedule.warmupEpochs, {
        expected: `less than training.epochs, ${epochs}`,
        suggestion: `Use ${Math.floor(epochs / 10)}, or train for longer`,
      }),
    );
  }
  return problems;
}

function sizeProblems({ training, evaluation }: Config, { train, test }: DataSizes): ConfigProblem[] {
  if (train === undefined) return [];
  const problems: ConfigProblem[] = [];
  if (training.batchSize > train) {
    problems.push(
      impossible('training.batchSize', training.batchSize, {
        expected: `at most the number of training images, ${train}`,
        suggestion: 'Use smaller batches',
      }),
    );
  }
  const neighbours = Math.min(train, evaluation.trainLimit ?? train);
  if (test !== undefined && evaluation.knn.k > neighbours) {
    problems.push(
      impossible('evaluation.knn.k', evaluation.knn.k, {
        expected: `at most the number of training images to look among, ${neighbours}`,
        suggestion: `Use ${automaticNeighbours(neighbours)}`,
      }),
    );
  }
  return problems;
}

function impossible(
  path: string,
  given: unknown,
  { expected, suggestion }: { expected: string; suggestion: string },
): ConfigProblem {
  return { kind: 'impossible combination', path, given, expected, suggestion };
}
