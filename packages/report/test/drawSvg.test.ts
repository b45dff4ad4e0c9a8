import { describe, expect, test } from '@jest/globals';

import { curveFigures } from '../src/figures/curveFigures.js';
import { drawSvg } from '../src/figures/drawSvg.js';
import { embeddingFigure, pointSize } from '../src/figures/embeddingFigure.js';
import { histogramFigure } from '../src/figures/histogramFigure.js';
import type { ReportInput } from '../src/index.js';

/** The texts of a picture, and where each of them stands. */
function textsOf(svg: string) {
  const found = svg.matchAll(/<text[^>]*?transform="[^"]*?([\d.]+)[ ,]([\d.]+)\)"[^>]*>([^<]*)<\/text>/g);
  return [...found].map(([, x, y, text]) => ({ x: Number(x), y: Number(y), text: text!.trim() }));
}

const heightOf = (svg: string) => Number(/height="([\d.]+)"/.exec(svg)![1]);

/** A run that logs its loss from the first of 781 steps of an epoch on. */
const lossOf = (name: string, epochs = 3): Pick<ReportInput, 'name' | 'log'> => ({
  name,
  log: Array.from({ length: 20 * epochs }, (_, at) => ({
    type: 'step',
    epoch: Math.floor(at / 20),
    step: 10 + 39 * (at % 20),
    stepsPerEpoch: 781,
    loss: 4 / (1 + at),
  })),
});

describe('axes', () => {
  test('begin and end at round numbers', () => {
    const texts = textsOf(drawSvg(curveFigures([lossOf('a')])[0]!)).map(({ text }) => text);
    const numbers = texts.filter((text) => /^[\d.]+$/.test(text));
    expect(numbers).toEqual(expect.arrayContaining(['0', '1', '2', '3']));
    for (const number of numbers) expect(number.replace('.', '').length).toBeLessThanOrEqual(3);
  });

  test.each([1, 2, 12])('have room for their names: %i runs', (count) => {
    const runs = Array.from({ length: count }, (_, run) => lossOf(`pcl without prototypes, seed ${run}`));
    const [figure] = curveFigures(runs);
    const svg = drawSvg(figure!);
    const texts = textsOf(svg);
    const name = texts.find(({ text }) => text === 'epochs')!;
    const labels = texts.filter(({ text }) => /^[0-3]$/.test(text));
    const ofX = Math.max(...labels.map(({ y }) => y));
    expect(name.y).toBeGreaterThan(ofX + 8);
    expect(name.y).toBeLessThan(heightOf(svg) - 8);
    // Every run is in the legend, below the name: nobody can scroll a file.
    const legend = texts.filter(({ text }) => text.startsWith('pcl'));
    expect(legend).toHaveLength(count === 1 ? 0 : count);
    for (const { y } of legend) {
      expect(y).toBeGreaterThan(name.y + 10);
      expect(y).toBeLessThan(heightOf(svg) - 4);
    }
  });

  test('of a histogram have names that stand within the picture', () => {
    const views = [{ k: 4, values: [0.1, 0.2, 0.3, 0.35] }];
    const texts = textsOf(drawSvg(histogramFigure('id', views)));
    for (const name of ['φ', 'clusters']) {
      const { x, y } = texts.find(({ text }) => text === name)!;
      expect([x > 8, x < 792, y > 8, y < 472]).toEqual([true, true, true, true]);
    }
  });
});

test('the same figure is the same picture, whatever was drawn before', () => {
  const [figure] = curveFigures([lossOf('a'), lossOf('b')]);
  const svg = drawSvg(figure!);
  drawSvg(histogramFigure('id', [{ k: 4, values: [0.1, 0.2] }]));
  expect(drawSvg(figure!)).toBe(svg);
  // What is referred to is there.
  const referred = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id);
  expect(referred.length).toBeGreaterThan(0);
  for (const id of referred) expect(svg).toContain(`id="${id}"`);
});

test('points of an embedding are as large as their number allows', () => {
  expect([100, 1000, 2000, 5000].map(pointSize)).toEqual([9, 9, 6.93181, 4.38406]);
  // Squares, which are drawn fast.
  expect(pointSize(50_000)).toBeLessThan(4);
  const points = Array.from({ length: 2000 }, (_, point) => point);
  const { option } = embeddingFigure('id', { method: 't-SNE', x: points, y: points });
  expect(option['series']).toMatchObject([{ symbolSize: pointSize(2000) }]);
});
