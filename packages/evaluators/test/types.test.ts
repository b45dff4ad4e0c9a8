import { expect, test } from '@jest/globals';
import {
  evaluate,
  linearProbe,
  type EvaluateOptions,
  type KnnOptions,
  type KnnResult,
  type LabelledFeatures,
  type Labels,
  type LinearProbeResult,
  type LinearSvmResult,
  type LowShotResult,
} from '@protocl/evaluators';

/** Takes what is of a type, and nothing that may be undefined beside it. */
type Take = <Wanted>(value: NoInfer<Wanted>) => void;

interface Given {
  readonly train: LabelledFeatures;
  readonly several: LabelledFeatures<Labels>;
  readonly isWanted: boolean;
  readonly some: KnnOptions | undefined;
  readonly any: EvaluateOptions;
}

/** Read by the compiler alone, which refuses it where a type is another one. */
async function typed({ train, several, isWanted, some, any }: Given, is: Take): Promise<void> {
  const asked = await evaluate(train, train, { knn: { k: [1, 5] }, svm: {}, lowShot: {} });
  is<KnnResult>(asked.knn);
  is<LinearSvmResult>(asked.svm);
  is<LowShotResult>(asked.lowShot);
  // @ts-expect-error it was not asked for
  is(asked.linear);
  is<readonly ('knn' | 'svm' | 'lowShot')[]>(['knn', 'svm', 'lowShot'] satisfies (keyof typeof asked)[]);

  const perhaps = await evaluate(train, train, { ...(isWanted && { linear: {} }), knn: some });
  is<LinearProbeResult | undefined>(perhaps.linear);
  is<KnnResult | undefined>(perhaps.knn);
  // @ts-expect-error it may be undefined
  is<LinearProbeResult>(perhaps.linear);
  // @ts-expect-error it may be undefined
  is<KnnResult>(perhaps.knn);
  const whatever = await evaluate(several, several, any);
  is<LinearSvmResult | undefined>(whatever.svm);
  // @ts-expect-error it may be undefined
  is<LinearSvmResult>(whatever.svm);

  // @ts-expect-error there is no such evaluator
  await evaluate(train, train, { knn: {}, kn: {} });
  // @ts-expect-error kNN has no such option
  await evaluate(train, train, { knn: { K: 3 } });
  // @ts-expect-error k is no text
  await evaluate(train, train, { knn: { k: '3' } });
  // @ts-expect-error the linear probe needs one class for each image
  await linearProbe(several, several);

  const probed = await linearProbe(train, train);
  is<number>(probed.scores.accuracy);
}

test('types are checked where tests are compiled', () => {
  expect(typed).toBeInstanceOf(Function);
});
