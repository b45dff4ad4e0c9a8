import { reportError } from './errors.js';
import type { ReportExtras } from './reportInput.js';

/** Where in a value another form begins; undefined where all of it is as it should be. */
type Check = (value: unknown, path: string) => string | undefined;

const text: Check = (value, path) => (typeof value === 'string' ? undefined : path);
/** NaN is null in JSON. */
const number: Check = (value, path) => (typeof value === 'number' || value === null ? undefined : path);
const cell: Check = (value, path) => (typeof value === 'string' ? undefined : number(value, path));

const list =
  (item: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return path;
    for (const [index, one] of value.entries()) {
      const found = item(one, `${path}.${index}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };

const object =
  (needed: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return path;
    const fields = value as Readonly<Record<string, unknown>>;
    for (const [name, check] of Object.entries({ ...needed, ...optional })) {
      if (!Object.hasOwn(fields, name) && Object.hasOwn(optional, name)) continue;
      const found = check(fields[name], path === '' ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };

const numbers = list(number);
const texts = list(text);
const image = object({ thumbnail: number }, { className: text });
const node: Check = (value, path) =>
  object({ name: text, size: number }, { thumbnails: numbers, children: list(node) })(value, path);

const extras = object(
  {},
  {
    origin: text,
    thumbnails: object({ dataUri: text, width: number, height: number, columns: number, count: number }),
    embedding: object(
      { method: text, x: numbers, y: numbers },
      {
        labels: numbers,
        classNames: texts,
        prototypes: list(object({ k: number, assignments: numbers })),
        thumbnails: numbers,
      },
    ),
    montages: list(
      object(
        { k: number, cluster: number, size: number, thumbnails: numbers },
        { topClass: object({ name: text, share: number }) },
      ),
    ),
    tree: list(node),
    retrievals: list(
      object({
        query: image,
        neighbours: list(object({ thumbnail: number, similarity: number }, { className: text })),
      }),
    ),
    gallery: object({
      protocol: text,
      classes: list(object({ className: text, truePositives: numbers, falsePositives: list(image) })),
    }),
    concentrations: list(object({ k: number, values: numbers })),
    confusion: object({ protocol: text, classNames: texts, counts: list(numbers) }),
    tables: list(
      object({
        title: text,
        protocol: text,
        columns: texts,
        rows: list(object({ name: text, values: list(cell) })),
      }),
    ),
  },
);

/**
 * What a file of extras holds, if that is what it holds.
 *
 * @param value JSON that is not nested without end
 * @throws {ProtoclError} `RUN_UNREADABLE` that says where another form begins
 */
export function requireExtras(value: object, file: string): ReportExtras {
  const found = extras(value, '');
  if (found === undefined) return value;
  throw reportError('RUN_UNREADABLE', {
    message: `what was computed of a run's encoder is of another form, at ${found === '' ? 'its beginning' : found}`,
    given: file,
    expected: 'what `protocl report` wrote',
    remedy: 'Remove the file, and make the report anew',
  });
}
