import { describe, expect, test } from '@jest/globals';
import { surestPredictions } from '@protocl/evaluators';

// Five samples of three classes; the highest score of each row decides.
const scores = [3, 1, 0, 5, 4, -1, -2, 0.5, -3, 2, -1, 1, 0, 0, -9];
const labels = [0, 1, 1, 0, 0];

describe('surestPredictions', () => {
  test('has the right and the wrong samples of each class, highest score first', async () => {
    expect(await surestPredictions(scores, labels)).toEqual([
      {
        predicted: 0,
        truePositives: [
          { sample: 0, label: 0, score: 3 },
          { sample: 3, label: 0, score: 2 },
          // Of equal scores the first class has it.
          { sample: 4, label: 0, score: 0 },
        ],
        falsePositives: [{ sample: 1, label: 1, score: 5 }],
      },
      { predicted: 1, truePositives: [{ sample: 2, label: 1, score: 0.5 }], falsePositives: [] },
      { predicted: 2, truePositives: [], falsePositives: [] },
    ]);
  });

  test('no more than were asked for', async () => {
    const [first] = await surestPredictions(scores, labels, { count: 1 });
    expect(first!.truePositives.map(({ sample }) => sample)).toEqual([0]);
  });

  test('columns can stand for other classes, and a class without a column is always missed', async () => {
    const found = await surestPredictions([1, 0, 0, 2], [4, 2], { classes: [4, 7] });
    expect(found.map(({ predicted }) => predicted)).toEqual([4, 7]);
    expect(found[0]!.truePositives).toEqual([{ sample: 0, label: 4, score: 1 }]);
    expect(found[1]!.falsePositives).toEqual([{ sample: 1, label: 2, score: 2 }]);
  });

  test.each([
    ['nothing', [], [], {}, 'EMPTY_SPLIT'],
    ['scores that are not whole rows', [1, 2, 3], [0, 1], {}, 'INVALID_SHAPE'],
    ['other classes than columns', [1, 2, 3, 4], [0, 1], { classes: [0] }, 'INVALID_SHAPE'],
    ['a class below 0', [1, 2], [-1], {}, 'INVALID_LABELS'],
    ['NaN', [1, NaN], [1], {}, 'NON_FINITE_FEATURES'],
  ])('refuses %s', async (_, given, classes, options: { classes?: number[] }, code) => {
    await expect(surestPredictions(given, classes, options)).rejects.toMatchObject({ code });
  });
});
