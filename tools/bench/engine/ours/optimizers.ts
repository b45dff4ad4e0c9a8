import { exponentialMovingAverageStep, sgdMomentumStep } from '@protocl/backend';
import * as tf from '@tensorflow/tfjs-core';

import type { PreparedTask, TaskParameters } from '../../harness/serve.js';
import { taskNetwork } from '../../ours/taskNetwork.js';
import { optimizerOf, zeroVelocities } from '../../ours/trainer.js';
import { repeat } from './repeat.js';

/** SGD's step alone, over the parameters of a network. */
export function prepareSgd(parameters: TaskParameters): PreparedTask {
  const variables = Object.values(taskNetwork(parameters).variables);
  const velocities = zeroVelocities(variables);
  const gradients = variables.map(({ shape }) => tf.randomNormal(shape, 0, 1e-3));
  const optimizer = optimizerOf(parameters);
  return repeat(() => sgdMomentumStep(variables, velocities, gradients, optimizer));
}

/** The momentum encoder's update alone, over the parameters of a network. */
export function prepareEma(parameters: TaskParameters): PreparedTask {
  const query = Object.values(taskNetwork(parameters).variables);
  const key = query.map(({ shape }) => tf.tidy(() => tf.variable(tf.randomNormal(shape), false)));
  const momentum = Number(parameters['decay']);
  return repeat(() => exponentialMovingAverageStep(key, query, { momentum }));
}
