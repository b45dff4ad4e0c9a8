import { requireKnownOptions, type OptionNames } from '@protocl/core/options';

import { KNN_OPTIONS, knnAccuracy, type KnnOptions, type KnnResult } from './knn/knnAccuracy.js';
import { requireMatrices, type LabelledFeatures } from './labelledFeatures.js';
import { requireOneClass, type Labels } from './labels.js';
import {
  LINEAR_PROBE_OPTIONS,
  linearProbe,
  type LinearProbeOptions,
  type LinearProbeResult,
} from './linear/linearProbe.js';
import {
  LINEAR_SWEEP_OPTIONS,
  linearSweep,
  type LinearSweepOptions,
  type LinearSweepResult,
} from './linear/linearSweep.js';
import { LOW_SHOT_OPTIONS, lowShot, type LowShotOptions, type LowShotResult } from './lowShot/lowShot.js';
import {
  LINEAR_SVM_OPTIONS,
  linearSvm,
  type LinearSvmOptions,
  type LinearSvmResult,
} from './svm/linearSvm.js';

/** The evaluators to run, each with its options; `{}` for its defaults. */
export interface EvaluateOptions {
  readonly knn?: KnnOptions | undefined;
  readonly linear?: LinearProbeOptions | undefined;
  readonly linearSweep?: LinearSweepOptions | undefined;
  readonly svm?: LinearSvmOptions | undefined;
  readonly lowShot?: LowShotOptions | undefined;
}

const OPTIONS: OptionNames<EvaluateOptions> = {
  knn: true,
  linear: true,
  linearSweep: true,
  svm: true,
  lowShot: true,
};

/** What each evaluator finds: named scores, the settings that produced them, and details of its own. */
interface Results {
  readonly knn: KnnResult;
  readonly linear: LinearProbeResult;
  readonly linearSweep: LinearSweepResult;
  readonly svm: LinearSvmResult;
  readonly lowShot: LowShotResult;
}

/**
 * The results of those evaluators that were asked for: each is there that was given, and may be undefined where its
 * options may.
 */
export type Evaluations<Options extends EvaluateOptions> = {
  readonly [Name in keyof Options]: Name extends keyof Results
    ? Results[Name] | (undefined extends Options[Name] ? undefined : never)
    : never;
};

/** Options of which none is unknown. */
type Known<Options> = {
  readonly [Name in keyof Options]: Name extends keyof EvaluateOptions
    ? KnownIn<Options[Name], Required<NonNullable<EvaluateOptions[Name]>>>
    : never;
};
type KnownIn<Given, Options> = Given extends object
  ? { readonly [Name in keyof Given]: Name extends keyof Options ? unknown : never }
  : Given;

/**
 * Judges features by how well they tell the classes of held-out images. The first evaluator that cannot do so ends it;
 * called one by one, each stands for itself.
 *
 * @param train float32 [n, D], finite, with a class for each image; the SVM and low-shot classification also take
 *   several
 * @param test the held-out images, [N, D], with theirs
 * @returns for each evaluator that was given, figures and arrays of the host; no tensor is kept
 * @throws {EvaluatorError} `INVALID_LABELS` if an image has several classes where it should have one; `UNKNOWN_OPTION`;
 *   both before anything is computed; what the evaluators throw
 */
export async function evaluate<Options extends EvaluateOptions>(
  train: LabelledFeatures<Labels>,
  test: LabelledFeatures<Labels>,
  options: Options & Known<Options>,
): Promise<Evaluations<Options>> {
  const { knn, linear, linearSweep: sweep, svm, lowShot: shots } = requireOptions(options);
  requireMatrices('evaluate', train, test);
  const single = (['knn', 'linear', 'linearSweep'] as const).find((name) => options[name]);
  const sides = single && oneClass(single, train, test);
  const found: Partial<Results> = {
    ...(knn && sides && { knn: await knnAccuracy(...sides, knn) }),
    ...(linear && sides && { linear: await linearProbe(...sides, linear) }),
    ...(sweep && sides && { linearSweep: await linearSweep(...sides, sweep) }),
    ...(svm && { svm: await linearSvm(train, test, svm) }),
    ...(shots && { lowShot: await lowShot(train, test, shots) }),
  };
  // Its keys are those of the options, but for options that are undefined.
  return found as Evaluations<Options>;
}

function requireOptions(options: EvaluateOptions): EvaluateOptions {
  requireKnownOptions('evaluate', options, OPTIONS);
  requireKnownOptions('kNN', options.knn, KNN_OPTIONS);
  requireKnownOptions('the linear probe', options.linear, LINEAR_PROBE_OPTIONS);
  requireKnownOptions('the linear sweep', options.linearSweep, LINEAR_SWEEP_OPTIONS);
  requireKnownOptions('the linear SVM', options.svm, LINEAR_SVM_OPTIONS);
  requireKnownOptions('low-shot classification', options.lowShot, LOW_SHOT_OPTIONS);
  return options;
}

function oneClass(
  what: string,
  train: LabelledFeatures<Labels>,
  test: LabelledFeatures<Labels>,
): readonly [LabelledFeatures, LabelledFeatures] {
  const sideOf = ({ features, labels }: LabelledFeatures<Labels>): LabelledFeatures => {
    requireOneClass(what, labels);
    return { features, labels };
  };
  return [sideOf(train), sideOf(test)];
}
