import { requireKnownOptions } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import { infoNCE } from '@protocl/losses';

import type { Method, StepContext, StepResult } from '../method.js';
import { namesOf } from '../parseOptions.js';
import type { TrainingBatch, TrainingSource } from '../source.js';
import { joinStates, type State } from '../state.js';
import { instanceAccuracy } from './accuracy.js';
import { contrastProblems } from './contrastOptions.js';
import { mocoSchema, type MocoOptions } from './mocoOptions.js';
import { MomentumContrast } from './momentumContrast.js';
import { requirePossible } from './optionProblem.js';

/** What MoCo learns with. */
export interface CreateMocoOptions extends MocoOptions {
  /** The query encoder, which is trained; it stays the caller's to dispose. */
  readonly encoder: Encoder;
  /** The numbers of the source that it will be trained on. */
  readonly source: Pick<TrainingSource, 'size' | 'batchSize'>;
}

/**
 * Momentum contrast: each image is pulled to its own second view and pushed away from a queue of others.
 * Version 1 and version 2 differ in the encoder's head, in augmentation, schedule and temperature.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION` for options that cannot work with each other or the source
 * @see He et al., Momentum Contrast for Unsupervised Visual Representation Learning, CVPR 2020, Algorithm 1
 * @see Chen et al., Improved Baselines with Momentum Contrastive Learning, 2020
 */
export function createMoco(options: CreateMocoOptions): Method {
  requireKnownOptions('createMoco', options, { ...namesOf(mocoSchema), encoder: true, source: true });
  const { encoder, source, ...own } = options;
  const parsed = requirePossible('createMoco', mocoSchema, own, (given) => contrastProblems(given, source));
  const { temperature } = parsed;
  const contrast = new MomentumContrast(encoder, parsed);
  return {
    name: 'moco',
    encoder,
    variables: encoder.variables,
    step(batch: TrainingBatch, context: StepContext): StepResult {
      return contrast.step(batch, context, (query, key) => {
        const negatives = contrast.negatives();
        const loss = infoNCE(query, key, negatives, { temperature });
        const accuracy = context.measured && instanceAccuracy(query, key, negatives);
        return { loss, figures: { infoNCE: loss, ...(accuracy && { 'Acc@Inst': accuracy }) } };
      });
    },
    afterUpdate: () => contrast.follow(),
    toState: async () => joinStates(await contrast.toStates()),
    fromState: (state: State) => contrast.fromState(state),
    dispose: () => contrast.dispose(),
  };
}
