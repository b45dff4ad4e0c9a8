import { expect, test } from '@jest/globals';
import { presets, resolveConfig } from '@protocl/pipeline';

import { readSetFlag } from '../../src/config/setFlag.js';
import { evaluationInterval, isProbed, stagesOf } from '../../src/run/stages.js';

function configWith(...flags: string[]) {
  const demo = { origin: 'preset', values: presets['pcl-demo']! };
  const base = ['training.epochs=8', 'method.warmupEpochs=4', 'evaluation.everyEpochs=2'];
  return resolveConfig([demo, ...[...base, ...flags].map(readSetFlag)]).config;
}

test.each([
  [[], 4, 2],
  [['evaluation.everyEpochs=3'], 4, 1],
  [['evaluation.everyEpochs=6', 'method.warmupEpochs=3'], 3, 3],
  [['method.warmupEpochs=0', 'evaluation.everyEpochs=5'], undefined, 5],
  [['method.warmupEpochs=8', 'evaluation.everyEpochs=5'], undefined, 5],
  [['method.prototypeWeight=0', 'evaluation.everyEpochs=3'], undefined, 3],
])('an evaluation falls on the end of the warm-up: %p', (flags, warmup, interval) => {
  const config = configWith(...flags);
  expect(stagesOf(config)).toEqual({ random: 0, warmup, final: 8 });
  expect(evaluationInterval(config)).toBe(interval);
});

test.each([
  ['never', []],
  ['end', [8]],
  ['stages', [0, 4, 8]],
])('the linear probe is due %s', (when, expected) => {
  const config = configWith(`evaluation.linear.when=${when}`);
  expect([...Array(9).keys()].filter((epoch) => isProbed(epoch, config))).toEqual(expected);
});
