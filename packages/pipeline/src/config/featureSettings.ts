import * as z from 'zod';

import { automaticNeighbours } from './automaticRules.js';
import { mergeLayers, type ConfigLayer } from './layers.js';
import { ConfigError, problemsOf, requireSettings } from './problems.js';
import { AUTO, type Chosen } from './sections/automatic.js';
import { engineSchema, evaluationSchema, type EvaluationConfig } from './sections/run.js';

/** Of a configuration what is of use for features that come without one. */
const schema = z.strictObject({
  evaluation: evaluationSchema.prefault({}),
  engine: engineSchema.prefault({}),
  seed: z.int().min(0).default(0).describe('Of what is drawn.'),
});

/** How features from a file are judged, and by what engine. */
export interface FeatureSettings {
  readonly evaluation: EvaluationConfig;
  readonly engine: z.output<typeof engineSchema>;
  readonly seed: number;
}

/**
 * Checks settings for features from a file.
 *
 * @param count training features
 * @throws {ConfigError} `INVALID_CONFIG` with all that is wrong, settings of training among it
 */
export function featureSettings(changes: readonly ConfigLayer[], count: number): FeatureSettings {
  for (const layer of changes) requireSettings(layer);
  const merged = mergeLayers(changes);
  const parsed = schema.safeParse(merged.values);
  if (!parsed.success) {
    throw new ConfigError(problemsOf(parsed.error.issues, merged, z.toJSONSchema(schema, { io: 'input' })));
  }
  const { evaluation, ...settings } = parsed.data;
  const { k } = evaluation.knn;
  const knn = { ...evaluation.knn, k: k === AUTO ? automaticNeighbours(count) : k };
  return { ...settings, evaluation: { ...evaluation, knn } satisfies Chosen<typeof evaluation> };
}
