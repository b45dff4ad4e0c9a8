import { describe, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';
import { drawLabelledShare } from '@protocl/evaluators';

const labels = randomStream({ seed: 3, purpose: 'labels' }).integers(1000, 10);

function counts(indices: Int32Array, of: ArrayLike<number> = labels, classes = 10): number[] {
  const found = new Array<number>(classes).fill(0);
  for (const index of indices) found[of[index]!]! += 1;
  return found;
}

describe('drawLabelledShare', () => {
  test.each([0.01, 0.1, 0.123])('has as many of each class, give or take one, for %d', async (share) => {
    const drawn = await drawLabelledShare(labels, { share, seed: 1 });
    expect(drawn).toHaveLength(Math.round(1000 * share));
    expect(new Set(drawn).size).toBe(drawn.length);
    expect([...drawn]).toEqual([...drawn].sort((a, b) => a - b));
    const each = counts(drawn);
    expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
  });

  test('is a function of the seed, and a larger share has all of a smaller one', async () => {
    const draw = async (share: number, seed: number) => [
      ...(await drawLabelledShare(labels, { share, seed })),
    ];
    expect(await draw(0.1, 1)).toEqual(await draw(0.1, 1));
    expect(await draw(0.1, 2)).not.toEqual(await draw(0.1, 1));
    const large = new Set(await draw(0.137, 1));
    expect((await draw(0.013, 1)).every((index) => large.has(index))).toBe(true);
  });

  test('draws every image of a class about as often', async () => {
    const times = new Array<number>(40).fill(0);
    const two = Int32Array.from({ length: 40 }, (_, index) => index % 2);
    for (let seed = 0; seed < 400; seed++) {
      for (const index of await drawLabelledShare(two, { share: 0.25, seed })) times[index]! += 1;
    }
    // 100 are expected, with a deviation of less than 9.
    expect(Math.min(...times)).toBeGreaterThan(60);
    expect(Math.max(...times)).toBeLessThan(140);
  });

  test('others make up for a class with too few images', async () => {
    const rare = Int32Array.from({ length: 100 }, (_, index) => (index < 3 ? 0 : 1 + (index % 2)));
    expect(counts(await drawLabelledShare(rare, { share: 0.3, seed: 1 }), rare, 3)[0]).toBe(3);
    expect(await drawLabelledShare(rare, { share: 0.3, seed: 1 })).toHaveLength(30);
    expect([...(await drawLabelledShare(rare, { share: 1, seed: 1 }))]).toEqual([...rare.keys()]);
  });

  test.each([
    ['a share that leaves a class without images', labels, { share: 0.009 }, 'TOO_FEW_SAMPLES'],
    ['a class without images', Int32Array.of(0, 0, 2, 2), { share: 1 }, 'TOO_FEW_SAMPLES'],
    ['more classes than labels have', labels, { share: 1, classes: 11 }, 'TOO_FEW_SAMPLES'],
    ['labels far apart', Int32Array.of(0, 2 ** 31 - 1), { share: 1 }, 'TOO_FEW_SAMPLES'],
    ['no images', new Int32Array(0), { share: 1 }, 'INVALID_OPTION'],
    ['a share of 0', labels, { share: 0 }, 'INVALID_OPTION'],
    ['a share above 1', labels, { share: 1.1 }, 'INVALID_OPTION'],
    ['a seed below 0', labels, { share: 1, seed: -1 }, 'INVALID_OPTION'],
    ['labels below 0', Int32Array.of(0, -1), { share: 1 }, 'INVALID_LABELS'],
  ])('refuses %s', async (_, given, options, code) => {
    await expect(drawLabelledShare(given, { seed: 1, ...options })).rejects.toMatchObject({ code });
  });
});
