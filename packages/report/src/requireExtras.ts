import { z } from 'zod';

import { reportError } from './errors.js';
import type { ReportExtras } from './reportInput.js';

/** NaN is null in JSON. */
const number = z.number().nullable();
const numbers = z.array(number);
const texts = z.array(z.string());
const image = z.object({ thumbnail: number, className: z.string().optional() });

const node = z.object({
  name: z.string(),
  size: number,
  nearest: numbers.optional(),
  get children() {
    return z.array(node).optional();
  },
});

const extrasSchema = z
  .object({
    origin: z.string(),
    thumbnails: z.object({
      dataUri: z.string(),
      width: number,
      height: number,
      columns: number,
      count: number,
    }),
    embedding: z.object({
      method: z.string(),
      x: numbers,
      y: numbers,
      labels: numbers.optional(),
      classNames: texts.optional(),
      prototypes: z.array(z.object({ k: number, assignments: numbers })).optional(),
      thumbnails: numbers.optional(),
    }),
    montages: z.array(
      z.object({
        k: number,
        cluster: number,
        size: number,
        nearest: numbers,
        random: numbers,
        topClass: z.object({ name: z.string(), share: number }).optional(),
      }),
    ),
    tree: z.array(node),
    retrievals: z.array(
      z.object({ query: image, neighbours: z.array(image.extend({ similarity: number })) }),
    ),
    gallery: z.object({
      protocol: z.string(),
      classes: z.array(
        z.object({ className: z.string(), truePositives: numbers, falsePositives: z.array(image) }),
      ),
    }),
    concentrations: z.array(z.object({ k: number, values: numbers })),
    confusion: z.object({ protocol: z.string(), classNames: texts, counts: z.array(numbers) }),
    tables: z.array(
      z.object({
        title: z.string(),
        protocol: z.string(),
        columns: texts,
        rows: z.array(z.object({ name: z.string(), values: z.array(z.union([z.string(), number])) })),
      }),
    ),
  })
  .partial();

/**
 * What a file of extras holds, if that is what it holds.
 *
 * @param value JSON that is not nested without end
 * @throws {ProtoclError} `RUN_UNREADABLE` that says where another form begins
 */
export function requireExtras(value: object, file: string): ReportExtras {
  const result = extrasSchema.safeParse(value);
  // As it was read: what the schema makes of it may differ in the order of its keys.
  if (result.success) return value;
  const path = result.error.issues[0]!.path.join('.');
  throw reportError('RUN_UNREADABLE', {
    message: `what was computed of a run's encoder is of another form, at ${path === '' ? 'its beginning' : path}`,
    given: file,
    expected: 'what `protocl report` wrote',
    remedy: 'Remove the file, and make the report anew',
  });
}
