import { describe, expect, test } from '@jest/globals';
import { randomStream } from '@protocl/core';

import type { StoredPrototypes } from '../../src/report/checkpointPrototypes.js';
import { clusterMontages, treeOfPrototypes } from '../../src/report/clusterViews.js';
import { imagesOf, shownMembers } from '../../src/report/shownMembers.js';

/** Every image has a thumbnail of its own number. */
const all = (n: number) => new Map(Array.from({ length: n }, (_, image) => [image, image]));

const prototypes: StoredPrototypes[] = [
  {
    k: 2,
    assignments: Int32Array.of(0, 0, 0, 1, 1, 0),
    distances: Float32Array.of(0.3, 0.1, 0.2, 0.2, 0.1, 0.05),
  },
  {
    k: 3,
    assignments: Int32Array.of(0, 0, 1, 2, 2, -1),
    distances: Float32Array.of(0.1, 0.2, 0, 0.1, 0.2, -1),
  },
];
const seen = { labels: Int32Array.of(0, 0, 1, 1, 1, 0), classNames: ['a', 'b'] };

describe('montages', () => {
  test('name the commonest class of all members, and show the nearest first', () => {
    // Image 3 cannot be read any more, the others have these thumbnails.
    const thumbnails = new Map([[0, 10], [1, 11], [2, 12], [4, 14], [5, 15]]); // prettier-ignore
    const montages = clusterMontages(prototypes, shownMembers(prototypes, 1), { ...seen, thumbnails });
    const random: number[] = [];
    expect(montages).toEqual([
      { k: 2, cluster: 0, size: 4, nearest: [15, 11, 12, 10], random, topClass: { name: 'a', share: 0.75 } },
      { k: 2, cluster: 1, size: 2, nearest: [14], random, topClass: { name: 'b', share: 1 } },
      { k: 3, cluster: 0, size: 2, nearest: [10, 11], random, topClass: { name: 'a', share: 1 } },
      { k: 3, cluster: 2, size: 2, nearest: [14], random, topClass: { name: 'b', share: 1 } },
      { k: 3, cluster: 1, size: 1, nearest: [12], random, topClass: { name: 'b', share: 1 } },
    ]);
  });

  test('of 47% stripes and 27% circles show what is near and what is usual, whatever the order', () => {
    // In the order of the classes, as folders have them: the first 27 images are circles.
    const labels = Int32Array.from({ length: 100 }, (_, image) => (image < 27 ? 0 : image < 53 ? 1 : 2));
    const classNames = ['circles', 'squares', 'stripes'];
    const noise = randomStream({ seed: 1, purpose: 'distances' }).uniform(100);
    const distances = Float32Array.from(labels, (label, image) => (label === 2 ? 0.1 : 1) + noise[image]!);
    const granularity = { k: 1, assignments: new Int32Array(100), distances };
    const shown = shownMembers([granularity], 3);
    const [montage] = clusterMontages([granularity], shown, { labels, classNames, thumbnails: all(100) });
    expect(montage!.topClass).toEqual({ name: 'stripes', share: 0.47 });
    const byDistance = [...labels.keys()].sort((a, b) => distances[a]! - distances[b]!);
    expect(montage!.nearest).toEqual(byDistance.slice(0, 8));
    expect(new Set(montage!.nearest.map((image) => classNames[labels[image]!]))).toEqual(
      new Set(['stripes']),
    );
    expect(new Set(montage!.random).size).toBe(8);
    expect(new Set(montage!.random.map((image) => labels[image])).size).toBe(3);
    // The same seed shows the same images.
    expect(shownMembers([granularity], 3)).toEqual(shown);
    expect(shownMembers([granularity], 4)).not.toEqual(shown);
  });

  test('of a checkpoint without distances are at random alone', () => {
    const older = prototypes.map(({ k, assignments }) => ({ k, assignments }));
    const montages = clusterMontages(older, shownMembers(older, 1), { ...seen, thumbnails: all(6) });
    expect(montages[0]).toMatchObject({ cluster: 0, size: 4, nearest: [] });
    expect(montages[0]!.random.toSorted()).toEqual([0, 1, 2, 5]);
  });
});

describe('the tree', () => {
  test('has each finer cluster under the coarser one that holds its images, with its nearest', () => {
    const shown = shownMembers(prototypes, 1);
    const tree = treeOfPrototypes(prototypes, shown, { ...seen, thumbnails: all(6) });
    expect(tree).toEqual([
      {
        name: 'prototype 0, 75% a',
        size: 3,
        nearest: [5, 1, 2, 0],
        children: [
          { name: 'prototype 0, 100% a', size: 2, nearest: [0, 1], children: [] },
          { name: 'prototype 1, 100% b', size: 1, nearest: [2], children: [] },
        ],
      },
      {
        name: 'prototype 1, 100% b',
        size: 2,
        nearest: [4, 3],
        children: [{ name: 'prototype 2, 100% b', size: 2, nearest: [3, 4], children: [] }],
      },
    ]);
    expect(treeOfPrototypes([], [], { ...seen, thumbnails: all(6) })).toEqual([]);
  });
});

test('so many images are shown that a page can hold them, the coarsest prototypes first', () => {
  const n = 20_000;
  const many = [10, 8000].map((k) => ({
    k,
    assignments: Int32Array.from({ length: n }, (_, image) => image % k),
    distances: new Float32Array(n).map((_, image) => image),
  }));
  const images = imagesOf(shownMembers(many, 1));
  expect(images.length).toBeGreaterThan(5900);
  expect(images.length).toBeLessThanOrEqual(6000);
  expect([...images]).toEqual([...images].toSorted((a, b) => a - b));
  // The nearest of each coarse one.
  expect([...images.subarray(0, 80)]).toEqual([...Array(80).keys()]);
});
