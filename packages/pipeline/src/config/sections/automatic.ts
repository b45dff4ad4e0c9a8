import * as z from 'zod';

/** The value of a setting that is to be chosen by the number of images. */
export const AUTO = 'auto' as const;

/** A setting that may be left to be chosen by the images. */
export function orAuto<Schema extends z.ZodType>(schema: Schema): z.ZodUnion<[z.ZodLiteral<'auto'>, Schema]> {
  return z.union([z.literal(AUTO), schema]);
}

/** What settings are once those that were left to be chosen have been. */
export type Chosen<Settings> = Settings extends typeof AUTO
  ? never
  : Settings extends readonly unknown[]
    ? Settings
    : Settings extends object
      ? { [Key in keyof Settings]: Chosen<Settings[Key]> }
      : Settings;
