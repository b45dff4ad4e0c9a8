import { requireKnownOptions } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import { ntXent } from '@protocl/losses';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { differentiate } from '../differentiate.js';
import type { Method, StepContext, StepResult } from '../method.js';
import { namesOf } from '../parseOptions.js';
import type { TrainingBatch } from '../source.js';
import { joinStates, statePart, type State } from '../state.js';
import { pairAccuracy } from './accuracy.js';
import { normalized } from './normalized.js';
import { requirePossible } from './optionProblem.js';

/** SimCLR's options; the default is that of the paper for ImageNet. */
export const simclrSchema = z.strictObject({
  /** τ: what similarities are divided by. */
  temperature: z.number().positive().default(0.1),
});

export type SimclrOptions = z.input<typeof simclrSchema>;

/** What SimCLR learns with. */
export interface CreateSimclrOptions extends SimclrOptions {
  /** The encoder, which is trained; it stays the caller's to dispose. */
  readonly encoder: Encoder;
}

/**
 * SimCLR: each view is pulled to the other view of its image and pushed away from all other views of the
 * batch, all encoded by the one network, whose batch norms see both views together.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION`
 * @see Chen, Kornblith, Norouzi and Hinton, A Simple Framework for Contrastive Learning of Visual
 *   Representations, ICML 2020, Algorithm 1
 */
export function createSimclr(options: CreateSimclrOptions): Method {
  requireKnownOptions('createSimclr', options, { ...namesOf(simclrSchema), encoder: true });
  const { encoder, ...own } = options;
  const { temperature } = requirePossible('createSimclr', simclrSchema, own);
  return {
    name: 'simclr',
    encoder,
    variables: encoder.variables,
    step({ views }: TrainingBatch, { measured }: StepContext): StepResult {
      return differentiate(() => {
        const both = encoder.forward(tf.concat([...views], 0), { training: true });
        const [first, second] = tf.split<tf.Tensor2D>(normalized(both), 2, 0) as [tf.Tensor2D, tf.Tensor2D];
        const loss = ntXent(first, second, { temperature });
        const accuracy = measured && pairAccuracy(first, second);
        return { loss, figures: { ntXent: loss, ...(accuracy && { 'Acc@Inst': accuracy }) } };
      }, encoder.variables);
    },
    toState: async () => joinStates({ encoder: await encoder.toState() }),
    fromState: (state: State) => encoder.fromState(statePart(state, 'encoder')),
    dispose: () => undefined,
  };
}
