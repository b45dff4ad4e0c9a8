import { describe, expect, test } from '@jest/globals';
import { batches, type ImageDataset } from '@protocl/datasets';

/** Ten images of 1 x 2 x 3 whose bytes and label tell their index. */
const dataset: ImageDataset = {
  images: Uint8Array.from({ length: 60 }, (_, byte) => byte),
  labels: Int32Array.from({ length: 10 }, (_, index) => index % 4),
  shape: [10, 1, 2, 3],
  classNames: ['a', 'b', 'c', 'd'],
};

const indicesOf = (options: Parameters<typeof batches>[1]) =>
  [...batches(dataset, options)].flatMap(({ indices }) => [...indices]);

describe('batches', () => {
  test('hold the images and labels of their indices', () => {
    const all = [...batches(dataset, { batchSize: 4, seed: 1, dropRemainder: false })];
    expect(all.map(({ shape }) => shape)).toEqual([
      [4, 1, 2, 3],
      [4, 1, 2, 3],
      [2, 1, 2, 3],
    ]);
    for (const { images, labels, indices } of all) {
      expect([...labels]).toEqual([...indices].map((index) => index % 4));
      expect([...images]).toEqual(
        [...indices].flatMap((index) => [0, 1, 2, 3, 4, 5].map((b) => index * 6 + b)),
      );
    }
    expect(all.flatMap(({ indices }) => [...indices]).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('leave out a last batch that is not full', () => {
    expect(indicesOf({ batchSize: 4, seed: 1 })).toHaveLength(8);
    expect(indicesOf({ batchSize: 5, seed: 1 })).toHaveLength(10);
  });

  test('come in order without shuffling', () => {
    expect(indicesOf({ batchSize: 5, seed: 1, shuffle: false })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('depend on seed and epoch, and on nothing else', () => {
    const options = { batchSize: 5, seed: 1, epoch: 2 };
    expect(indicesOf(options)).toEqual(indicesOf(options));
    expect(indicesOf({ ...options, batchSize: 2 })).toEqual(indicesOf(options));
    expect(indicesOf({ ...options, epoch: 3 })).not.toEqual(indicesOf(options));
    expect(indicesOf({ ...options, seed: 2 })).not.toEqual(indicesOf(options));
  });

  test.each([true, false])('from a first step on are those of the whole epoch (dropRemainder %p)', (drop) => {
    const options = { batchSize: 3, seed: 1, epoch: 2, dropRemainder: drop };
    const whole = [...batches(dataset, options)];
    expect(whole).toHaveLength(drop ? 3 : 4);
    for (let firstStep = 0; firstStep <= whole.length; firstStep++) {
      expect([...batches(dataset, { ...options, firstStep })]).toEqual(whole.slice(firstStep));
    }
  });

  test.each([-1, 4, 0.5])('refuse a first step of %p', (firstStep) => {
    expect(() => indicesOf({ batchSize: 3, seed: 1, firstStep })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', given: firstStep }),
    );
  });

  test.each([0, -1, 1.5, 11, NaN])('refuse a batch size of %p', (batchSize) => {
    expect(() => indicesOf({ batchSize, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', given: batchSize }),
    );
  });

  describe('with an order', () => {
    const order = Int32Array.of(7, 7, 0, 3, 7, 0, 9, 9, 1, 7);
    const options = { batchSize: 4, seed: 1, order, dropRemainder: false };

    test('follow it, and count how often an image has come before', () => {
      const all = [...batches(dataset, options)];
      expect(all.map(({ indices }) => [...indices])).toEqual([
        [7, 7, 0, 3],
        [7, 0, 9, 9],
        [1, 7],
      ]);
      expect(all.map(({ repeats }) => [...repeats!])).toEqual([
        [0, 1, 0, 0],
        [2, 1, 0, 1],
        [0, 3],
      ]);
      for (const { images, labels, indices } of all) {
        expect([...labels]).toEqual([...indices].map((index) => index % 4));
        expect([...images]).toEqual(
          [...indices].flatMap((index) => [0, 1, 2, 3, 4, 5].map((b) => index * 6 + b)),
        );
      }
      expect(all).toEqual([...batches(dataset, { ...options, seed: 2, epoch: 5, shuffle: false })]);
    });

    test('from a first step on are those of the whole epoch', () => {
      const whole = [...batches(dataset, options)];
      for (const firstStep of [0, 1, 2, 3]) {
        expect([...batches(dataset, { ...options, firstStep })]).toEqual(whole.slice(firstStep));
      }
    });

    test('count nothing where there is none', () => {
      for (const batch of batches(dataset, { batchSize: 5, seed: 1 })) {
        expect('repeats' in batch).toBe(false);
      }
    });

    test.each([
      ['too short', Int32Array.of(1, 2, 3), 3],
      ['too long', new Int32Array(11), 11],
      ['of an image that is not there', Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 10), 10],
      ['of an image without a place', Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, -1), -1],
    ])('refuse one that is %s', (_, wrong, given) => {
      expect(() => indicesOf({ ...options, order: wrong })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', given }),
      );
    });
  });
});
