import { PassThrough } from 'node:stream';

import { describe, expect, test } from '@jest/globals';

import { createProgress, type TrainingStatus } from '../progress.js';

const status: TrainingStatus = { seconds: 0.4, epochs: 0.125, imagesPerSecond: 1234.4, loss: 2.3456 };

/** A stream that keeps what is written to it, and takes itself for a terminal if it is told to. */
function recorder(isTTY: boolean) {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const output = Object.assign(stream, { isTTY, columns: 80 }) as unknown as NodeJS.WriteStream;
  return { output, text: () => text };
}

describe('createProgress', () => {
  test('writes a line every five seconds where there is no terminal', () => {
    const { output, text } = recorder(false);
    const progress = createProgress(60, output);
    for (const seconds of [0.4, 3, 5, 5.5, 9, 12]) progress.update({ ...status, seconds });
    progress.stop();
    expect(text().split('\n')).toEqual([
      '0/60 s | epoch 0.13 | 1234 images/s | loss 2.346',
      '6/60 s | epoch 0.13 | 1234 images/s | loss 2.346',
      '12/60 s | epoch 0.13 | 1234 images/s | loss 2.346',
      '',
    ]);
  });

  test('keeps one line with a bar on a terminal, and gives the cursor back', () => {
    const { output, text } = recorder(true);
    const progress = createProgress(60, output);
    progress.update(status);
    progress.update({ ...status, seconds: 30, accuracy: 0.456 });
    progress.stop();
    expect(text()).toContain('████████░░░░░░░░ 30/60 s');
    expect(text()).toContain('loss 2.346 | test ~45.6%');
    expect(text().lastIndexOf('\u001b[?25h')).toBeGreaterThan(text().lastIndexOf('\u001b[?25l'));
  });

  test('writes nothing for a training that showed nothing', () => {
    for (const isTTY of [true, false]) {
      const { output, text } = recorder(isTTY);
      createProgress(60, output).stop();
      expect(text()).toBe('');
    }
  });
});
