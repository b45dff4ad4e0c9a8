import * as z from 'zod';

import { malformedError } from '../published/layout.js';
import { VOC2007_LAYOUT, VOC_CLASSES } from './vocLayout.js';
import { XmlError, parseXml, type XmlTree } from './xmlTree.js';

/** An object that is marked in an image. */
export interface VocObject {
  /** An index into the folder's `objectClasses`. */
  readonly objectClass: number;
  /** xmin, ymin, xmax, ymax in pixels, counted from 1, both ends within the box. */
  readonly box: readonly [number, number, number, number];
  /** Whether it is hard to recognise; the challenge does not count those. */
  readonly difficult: boolean;
  /** Whether the box ends where the image does, and the object goes on. */
  readonly truncated: boolean;
}

/** What the annotation of an image says. */
export interface VocAnnotation {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly objects: readonly VocObject[];
}

const number = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'a number')
  .transform(Number);

/** The challenge's own reader takes an absent flag for 0. */
const flag = z
  .enum(['0', '1'], '0 or 1')
  .optional()
  .transform((value) => value === '1');

const object = z.object({
  name: z.enum(VOC_CLASSES, `one of ${VOC_CLASSES.join(', ')}`),
  difficult: flag,
  truncated: flag,
  bndbox: z
    .object({ xmin: number, ymin: number, xmax: number, ymax: number }, 'xmin, ymin, xmax and ymax')
    .refine(({ xmin, ymin, xmax, ymax }) => xmin <= xmax && ymin <= ymax, 'xmin <= xmax and ymin <= ymax'),
});

const document = z.object({
  annotation: z.object(
    {
      size: z.object({ width: number, height: number }, 'width and height'),
      object: z.array(object).default([]),
    },
    'size and objects',
  ),
});

/**
 * Reads the text of one of the data set's annotations.
 *
 * @param file where it is from, for messages
 * @throws {ProtoclError} `DATASET_MALFORMED` with the file and the element, or the line if it is no XML
 */
export function parseVocAnnotation(xml: string, file: string): VocAnnotation {
  const content = treeOf(xml, file);
  const parsed = document.safeParse(content);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw malformedError(VOC2007_LAYOUT, {
      file,
      place: elementName(path),
      given: JSON.stringify(valueAt(content, path)) ?? 'nothing',
      // zod says of a missing element only that it is not of the type.
      expected: message.startsWith('Invalid input: expected string') ? 'a value' : message,
    });
  }
  const { size, object: objects } = parsed.data.annotation;
  return {
    ...size,
    objects: objects.map(({ name, difficult, truncated, bndbox: { xmin, ymin, xmax, ymax } }) => ({
      objectClass: VOC_CLASSES.indexOf(name),
      box: [xmin, ymin, xmax, ymax],
      difficult,
      truncated,
    })),
  };
}

function treeOf(xml: string, file: string): XmlTree {
  try {
    return parseXml(xml, ['object']);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const { line, message } = error;
    throw malformedError(VOC2007_LAYOUT, { file, place: `line ${line}`, given: message, expected: 'XML' });
  }
}

/** Such as `annotation.object[1].bndbox.xmin`. */
function elementName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, key) =>
      typeof key === 'number' ? `${name}[${key}]` : name === '' ? String(key) : `${name}.${String(key)}`,
    '',
  );
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<PropertyKey, unknown>>)[key]
        : undefined,
    content,
  );
}
