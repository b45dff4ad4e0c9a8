import * as z from 'zod';

import { augmentationSchema } from './sections/augmentation.js';
import type { Chosen } from './sections/automatic.js';
import { dataSchema } from './sections/data.js';
import { encoderSchema } from './sections/encoder.js';
import { methodSchema } from './sections/method.js';
import { optimizerSchema, scheduleSchema, trainingSchema } from './sections/optimization.js';
import { checkpointsSchema, engineSchema, evaluationSchema } from './sections/run.js';

/** Of runs and comparisons, which become folders. */
export const RUN_NAME = /^[\w+-][\w.+-]*$/;
export const RUN_NAME_CHARACTERS =
  'expected letters, digits, dashes, plus signs, underscores and, but first, dots';

/** Everything that decides what a run does. */
export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(RUN_NAME, RUN_NAME_CHARACTERS)
    .default('run')
    .describe('Begins the name of the run’s folder.'),
  seed: z.int().min(0).default(1).describe('Of every random draw.'),
  data: dataSchema,
  augmentation: augmentationSchema.prefault({}),
  encoder: encoderSchema.prefault({}),
  method: methodSchema,
  optimizer: optimizerSchema,
  schedule: scheduleSchema,
  training: trainingSchema,
  checkpoints: checkpointsSchema.prefault({}),
  evaluation: evaluationSchema.prefault({}),
  engine: engineSchema.prefault({}),
});

/** A complete configuration in which settings may still be `auto`. */
export type OpenConfig = z.output<typeof configSchema>;
/** A complete configuration, every default filled in and every `auto` chosen. */
export type Config = Omit<OpenConfig, ChosenSection> & Chosen<Pick<OpenConfig, ChosenSection>>;
type ChosenSection = 'data' | 'method' | 'training' | 'evaluation';
/** A configuration as it is written: what has a default may be left out. */
export type ConfigInput = z.input<typeof configSchema>;

/** The JSON schema of a configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

let known: Readonly<Record<string, unknown>> | undefined;

/** The same to look things up in, made once: it takes longer than all else about a mistake. */
export function knownSettings(): Readonly<Record<string, unknown>> {
  return (known ??= configJsonSchema());
}
