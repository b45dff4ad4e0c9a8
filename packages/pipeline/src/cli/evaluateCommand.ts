import { Command } from 'commander';

import { evaluate, EVALUATORS, type EvaluatorName, type FeatureScores } from '../commands/evaluate.js';
import { featureFormat, writeFeatures } from '../commands/featureFile.js';
import type { ConfigLayer } from '../config/layers.js';
import { layerAt } from '../config/setFlag.js';
import { pipelineError } from '../errors.js';
import { EVALUATOR_TITLES } from '../evaluation/failures.js';
import { interruptible } from '../run/interruption.js';
import { changesFrom, withCheckpoint, type CheckpointFlags } from './checkpointFlags.js';
import { atLeastOne, counts, numbersAboveZero, percents } from './counts.js';
import { isBackend } from './engineName.js';
import { scoreTable } from './scoreTable.js';
import type { Terminal } from './terminal.js';

interface EvaluateFlags extends CheckpointFlags {
  readonly knn?: true;
  /** False for `--no-linear`. */
  readonly linear?: boolean;
  readonly svm?: true;
  readonly lowShot?: true;
  readonly clusters?: true | readonly number[];
  readonly tsne?: true | string;
  readonly linearProtocol?: true;
  readonly semiSupervised?: true | readonly number[];
  readonly cost?: readonly number[];
  readonly folds?: number;
  readonly shots?: readonly number[];
  readonly labels?: string;
  readonly test?: string;
  readonly testLabels?: string;
  readonly json?: boolean;
}

/** `protocl evaluate`: what the features of a checkpoint, or of a file, are worth. */
export function evaluateCommand({ print, output }: Terminal): Command {
  const command = new Command('evaluate')
    .description(
      'Tell how well features tell the classes of held-out images: those of a checkpoint’s encoder, or of a file.' +
        ' Without flags that name evaluators: by kNN and the linear probe, or the SVM where images show several classes.',
    )
    .option('--knn', 'weighted k nearest neighbours')
    .option('--linear', 'logistic regression')
    .option('--no-linear', 'kNN alone')
    .option(
      '--svm',
      'linear support vector machines, C by cross-validation: accuracy and mean average precision',
    )
    .option('--low-shot', 'such machines with 1, 2, 4, 8 and 16 images of each class, in five draws')
    .option(
      '--cost <numbers>',
      'C of --svm: one, or several to choose from, such as 0.01,0.1 (evaluation.svm.cost)',
      numbersAboveZero,
    )
    .option('--folds <n>', 'of the cross-validation that chooses C (evaluation.svm.folds)', atLeastOne)
    .option(
      '--shots <numbers>',
      'images of each class for --low-shot, such as 1,2 (evaluation.lowShot.shots)',
      counts,
    )
    .option('--clusters [numbers]', 'k-means, such as 250,500 (default: as many clusters as classes)', counts)
    .option(
      '--tsne [file]',
      't-SNE of the held-out features; the points are written to a .npy or .safetensors',
    )
    .option(
      '--linear-protocol',
      'a linear classifier on random views, as published: 100 epochs of all images',
    )
    .option(
      '--semi-supervised [percents]',
      'the encoder trained on with a share of the labels, such as 1,10 (default: those of the configuration)',
      percents,
    )
    .option(
      '--labels <file>',
      'with a file of features: their classes, .npy (default: those in it or beside it)',
    )
    .option('--test <file>', 'with a file of features: the held-out ones (default: every fifth is set aside)')
    .option('--test-labels <file>', 'their classes')
    .option('--json', 'print scores and settings as JSON')
    .addHelpText(
      'after',
      '\nExample: protocl evaluate runs/pcl-demo-20250131-235959 --set evaluation.knn.k=20' +
        '\n         protocl evaluate train.npy --labels labels.npy --test test.npy --svm' +
        '\nAn evaluator that cannot judge the features leaves the others alone: the table and the JSON have its reason,' +
        '\nand the exit code is 3, or 1 where none could.',
    );
  return withCheckpoint(
    command,
    'a checkpoint, a run folder for its newest one, or a file of features',
  ).action(async (path: string, flags: EvaluateFlags) => {
    const log = (line: string) => output.write(`${line}\n`);
    const { labels, test, testLabels, backend } = flags;
    const evaluators = evaluatorsOf(flags);
    // Before anything is computed.
    if (typeof flags.tsne === 'string') featureFormat(flags.tsne);
    const found = await interruptible(
      (signal) =>
        evaluate(path, {
          ...(evaluators && { evaluators }),
          ...(Array.isArray(flags.clusters) && { clusters: flags.clusters as readonly number[] }),
          ...(Array.isArray(flags.semiSupervised) && { shares: flags.semiSupervised as readonly number[] }),
          changes: [...changesFrom(flags), ...judgingLayers(flags)],
          log,
          signal,
          ...(labels !== undefined && { labels }),
          ...(test !== undefined && { test }),
          ...(testLabels !== undefined && { testLabels }),
          ...(isBackend(backend) && { backend }),
        }),
      () => log('stopping'),
    );
    const { embedding, ...scores } = found;
    if (embedding && typeof flags.tsne === 'string') {
      await writeFeatures(flags.tsne, { features: embedding, shape: [embedding.length / 2, 2] });
    }
    if (flags.json === true) print(JSON.stringify(scores, null, 2));
    else for (const line of scoreTable(scores)) print(line);
    requireAll(scores);
  });
}

/** What the flags of single evaluators set. */
function judgingLayers({ cost, folds, shots }: EvaluateFlags): ConfigLayer[] {
  const settings = [
    ['--cost', ['svm', 'cost'], cost?.length === 1 ? cost[0] : cost],
    ['--folds', ['svm', 'folds'], folds],
    ['--shots', ['lowShot', 'shots'], shots],
  ] as const;
  return settings.flatMap(([flag, keys, value]) =>
    value === undefined ? [] : [layerAt(['evaluation', ...keys], value, flag)],
  );
}

/** Tells, once the scores of the others are printed, which evaluators have none. */
function requireAll({ evaluations, failures = {} }: FeatureScores): void {
  const names = Object.keys(failures) as EvaluatorName[];
  if (names.length === 0) return;
  const found = Object.keys(evaluations).length;
  throw pipelineError(found === 0 ? 'NO_SCORES' : 'SCORES_MISSING', {
    message: `no scores: ${names.map((name) => EVALUATOR_TITLES[name]).join(', ')}`,
    remedy: 'What is printed says why',
  });
}

/** Those that flags name; undefined where the usual ones are meant. */
function evaluatorsOf(flags: EvaluateFlags): readonly EvaluatorName[] | undefined {
  const named = EVALUATORS.filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (named.length > 0) return named;
  return flags.linear === false ? ['knn'] : undefined;
}
