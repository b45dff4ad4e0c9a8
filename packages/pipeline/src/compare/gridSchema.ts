import * as z from 'zod';

import { ENCODER_EVALUATORS } from '../evaluation/judgeEncoder.js';
import { FEATURE_EVALUATORS } from '../evaluation/judgeFeatures.js';
import { ConfigError, problemsOf, requireSettings } from '../config/problems.js';
import { leafPaths, type ConfigLayer } from '../config/layers.js';
import { RUN_NAME, RUN_NAME_CHARACTERS } from '../config/schema.js';

/** Settings of a run, as a configuration file has them; what they are is checked on whole configurations. */
const settingsSchema = z.looseObject({
  preset: z.string().min(1).optional().describe('The preset that these settings are laid over.'),
});

const armsSchema = z
  .record(z.string(), settingsSchema)
  .superRefine((arms, context) => {
    const names = Object.keys(arms);
    if (names.length === 0) context.addIssue('expected at least one arm');
    for (const [index, name] of names.entries()) {
      const refuse = (message: string) =>
        context.addIssue({ code: 'custom', path: [name], input: arms[name], message });
      if (!RUN_NAME.test(name)) refuse(RUN_NAME_CHARACTERS);
      const same = names.findIndex((other) => other.toLowerCase() === name.toLowerCase());
      // Some disks hold both for one folder.
      if (same < index) refuse(`expected a name other than ${names[same]!}, capitals aside`);
    }
  })
  .describe('What is compared: for each name the settings that differ from the base.');

/** Runs to compare: every arm with every seed. */
const gridSchema = z.strictObject({
  name: z
    .string()
    .regex(RUN_NAME, RUN_NAME_CHARACTERS)
    .default('comparison')
    .describe('Names the folder that it is written to.'),
  base: settingsSchema.prefault({}).describe('The settings that all arms share.'),
  arms: armsSchema,
  seeds: z
    .array(z.int().min(0))
    .min(1)
    .refine((seeds) => new Set(seeds).size === seeds.length, 'expected each seed once')
    .default([1])
    .describe('Every arm is trained with each of them.'),
  evaluators: z
    .array(z.enum([...FEATURE_EVALUATORS, ...ENCODER_EVALUATORS]))
    .min(1)
    .default(['knn', 'linear', 'svm', 'clusters'])
    .describe('What judges the encoder of a run, once it is trained.'),
  parallel: z.int().min(1).default(1).describe('Runs that are trained at a time.'),
  threads: z
    .int()
    .min(1)
    .optional()
    .describe('Of each run that does not set engine.threads; by default its share of the processors.'),
});

/** A grid as it is written: what has a default may be left out. */
export type GridInput = z.input<typeof gridSchema>;
export type ParsedGrid = z.output<typeof gridSchema>;

/**
 * Checks a grid but for the settings in it.
 *
 * @throws {ConfigError} `INVALID_CONFIG`, with everything that is wrong and where it stands
 */
export function parseGrid({ origin, values }: ConfigLayer): ParsedGrid {
  requireSettings({ origin, values });
  const parsed = gridSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const origins = Object.fromEntries(leafPaths(values).map((path) => [path, origin]));
  const known = z.toJSONSchema(gridSchema, { io: 'input' });
  const problems = problemsOf(parsed.error.issues, { values: { ...values }, origins }, known);
  throw new ConfigError(problems.map((problem) => ({ origin, ...problem })));
}
