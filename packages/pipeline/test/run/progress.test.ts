import { describe, expect, test } from '@jest/globals';
import type { TrainingEvent } from '@protocl/trainer';

import { duration } from '../../src/run/duration.js';
import { createProgress } from '../../src/run/progress.js';
import { recorder } from '../recorder.js';

const start: TrainingEvent = { type: 'start', epoch: 0, step: 0, epochs: 2, stepsPerEpoch: 10 };
const evaluation: TrainingEvent = { type: 'evaluation', epoch: 1, figures: { knn: 0.123456 }, seconds: 2.2 };

function stepAt(epoch: number, step: number): TrainingEvent {
  return {
    type: 'step',
    epoch,
    step,
    stepsPerEpoch: 10,
    loss: 2.3456,
    figures: { infoNCE: 1.5, prototypes: 0.84561 },
    learningRate: 0.0123456,
    imagesPerSecond: 1234.5,
  };
}

describe('createProgress', () => {
  test('writes lines where there is no terminal, those of steps now and then', () => {
    const { output, text } = recorder(false);
    let seconds = 0;
    const progress = createProgress({ output, now: () => seconds * 1000 });
    progress.show(start);
    for (const [at, event] of [
      [4, stepAt(0, 4)],
      [8, stepAt(0, 8)],
      [10, stepAt(0, 10)],
      [12, evaluation],
      [15, stepAt(1, 5)],
    ] as const) {
      seconds = at;
      progress.show(event);
    }
    progress.print('a line');
    progress.stop();
    const figures = '1235 images/s | loss 2.346 (infoNCE 1.5, prototypes 0.8456) | lr 0.0123';
    expect(text().split('\n')).toEqual([
      `epoch 1/2 | step 4/10 | ${figures} | 16 s left`,
      `epoch 1/2 | step 10/10 | ${figures} | 10 s left`,
      'after epoch 1: knn 0.1235 (2 s)',
      `epoch 2/2 | step 5/10 | ${figures} | 5 s left`,
      'a line',
      '',
    ]);
  });

  test('tells the time that is left of a resumed run by its own pace', () => {
    const { output, text } = recorder(false);
    let seconds = 0;
    const progress = createProgress({ output, now: () => seconds * 1000 });
    progress.show({ ...start, epoch: 1, step: 0, resumedFrom: 'x.safetensors' });
    seconds = 20;
    progress.show(stepAt(1, 5));
    expect(text()).toContain('goes on from epoch 1, step 0 (x.safetensors)\n');
    expect(text()).toContain('20 s left');
  });

  test('keeps one line with a bar on a terminal, other lines above it, and gives the cursor back', () => {
    const { output, text } = recorder(true);
    const progress = createProgress({ output });
    progress.show(start);
    progress.show(stepAt(0, 10));
    progress.show(evaluation);
    progress.stop();
    expect(text()).toContain('██████░░░░░░ epoch 1/2');
    expect(text()).toContain('\r\u001b[Kafter epoch 1: knn 0.1235 (2 s)\n');
    expect(text().lastIndexOf('\u001b[?25h')).toBeGreaterThan(text().lastIndexOf('\u001b[?25l'));
  });

  test('writes nothing for a run that showed nothing', () => {
    for (const isTTY of [true, false]) {
      const { output, text } = recorder(isTTY);
      createProgress({ output }).stop();
      expect(text()).toBe('');
    }
  });
});

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [60, '1:00'],
  [185, '3:05'],
  [3729, '1:02:09'],
])('%p seconds are %p', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
