import type { ConfigProblem } from './problems.js';
import type { Config } from './schema.js';
import { KNOWN_SIZES } from './sections/data.js';

/** How many images there are, where that is known. */
export interface DataSizes {
  readonly train?: number;
  readonly test?: number;
}

/** What the configuration alone says about the number of images; nothing for a folder. */
export function sizesFromConfig({ data }: Config): DataSizes {
  if (data.kind === 'folder') return {};
  const { train, test } = KNOWN_SIZES[data.kind];
  return { train: Math.min(train, data.limit ?? train), test: Math.min(test, data.testLimit ?? test) };
}

/** The settings that are each possible but not together, or not with so many images. */
export function impossibleCombinations(
  config: Config,
  sizes: DataSizes = sizesFromConfig(config),
): ConfigProblem[] {
  return [...methodProblems(config), ...scheduleProblems(config), ...sizeProblems(config, sizes)];
}

function methodProblems({ method, training }: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { batchSize } = training;
  const smallest = Math.min(...method.granularities);
  const { prototypeNegatives, queue, batchNorm, clip } = method;
  // In the worst case each image of a batch is of another cluster.
  const most = Math.max(0, smallest - batchSize);
  if (prototypeNegatives !== undefined && prototypeNegatives > most) {
    problems.push(
      impossible('method.prototypeNegatives', prototypeNegatives, {
        expected: `at most ${most}: of ${smallest} clusters in method.granularities, a batch of ${batchSize} images may use up the others itself`,
        suggestion: 'Leave it out to use all other prototypes',
      }),
    );
  }
  if (queue % batchSize !== 0) {
    problems.push(
      impossible('method.queue', queue, {
        expected: `a multiple of training.batchSize, ${batchSize}`,
        suggestion: `Use ${Math.max(1, Math.round(queue / batchSize)) * batchSize}`,
      }),
    );
  }
  if (batchSize % batchNorm.splits !== 0) {
    problems.push(
      impossible('method.batchNorm.splits', batchNorm.splits, {
        expected: `a divisor of training.batchSize, ${batchSize}`,
        suggestion: `Use ${largestDivisor(batchSize, batchNorm.splits)}`,
      }),
    );
  } else if (batchSize / batchNorm.splits < 2) {
    problems.push(
      impossible('method.batchNorm.splits', batchNorm.splits, {
        expected: `parts of at least 2 images of training.batchSize, ${batchSize}`,
        suggestion: `Use ${largestDivisor(batchSize, Math.floor(batchSize / 2))}`,
      }),
    );
  }
  if (clip[0] > clip[1]) {
    problems.push(
      impossible('method.clip', clip, {
        expected: 'the lower percentile first',
        suggestion: `Use [${clip[1]}, ${clip[0]}]`,
      }),
    );
  }
  return problems;
}

function scheduleProblems({ method, schedule, training }: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { epochs } = training;
  if (method.warmupEpochs > epochs) {
    problems.push(
      impossible('method.warmupEpochs', method.warmupEpochs, {
        expected: `at most training.epochs, ${epochs}`,
        suggestion: `Use ${Math.floor(epochs / 10)}, or train for longer`,
      }),
    );
  }
  if (schedule.warmupEpochs >= epochs) {
    problems.push(
      impossible('schedule.warmupEpochs', schedule.warmupEpochs, {
        expected: `less than training.epochs, ${epochs}`,
        suggestion: `Use ${Math.floor(epochs / 10)}, or train for longer`,
      }),
    );
  }
  return problems;
}

function sizeProblems({ method, training, evaluation }: Config, { train, test }: DataSizes): ConfigProblem[] {
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
  for (const [index, clusters] of method.granularities.entries()) {
    // A run that is all warm-up never clusters.
    if (clusters <= train || method.warmupEpochs >= training.epochs) continue;
    problems.push(
      impossible(`method.granularities.${index}`, clusters, {
        expected: `at most the number of training images, ${train}`,
        suggestion: 'Use fewer clusters; 10 images for each are few',
      }),
    );
  }
  const neighbours = Math.min(train, evaluation.trainLimit ?? train);
  if (test !== undefined && evaluation.knn.k > neighbours) {
    problems.push(
      impossible('evaluation.knn.k', evaluation.knn.k, {
        expected: `at most the number of training images to look among, ${neighbours}`,
        suggestion: `Use ${Math.max(1, Math.min(200, Math.floor(neighbours / 10)))}`,
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

function largestDivisor(of: number, limit: number): number {
  let divisor = Math.min(of, limit);
  while (of % divisor !== 0) divisor--;
  return divisor;
}
