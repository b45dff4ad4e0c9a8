import { readFile, rm } from 'node:fs/promises';
import { extname } from 'node:path';

import { writeFileAtomic } from '@protocl/core';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';

import { pipelineError } from '../errors.js';

/** A CSV beside features: a row for each of them, in their order. */
export interface ImageTable {
  /** Names of the columns. The first is `path`, of an image; or `row`, its place from 0 where no path is known. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What our tables begin with: by their first column they are told from others. */
const OURS = /^\ufeff?"?(path|row)"?(,|\r?\n|$)/;

/** Where the table of some features is: `vectors.csv` of `vectors.npy`. */
export function tableBeside(features: string): string {
  return `${features.slice(0, features.length - extname(features).length)}.csv`;
}

/** A table of images by their paths. */
export function tableOfPaths(paths: readonly string[]): ImageTable {
  return { columns: ['path'], rows: paths.map((path) => [path]) };
}

/** A table of features whose images are not known. */
export function tableOfRows(count: number): ImageTable {
  return { columns: ['row'], rows: Array.from({ length: count }, (_, row) => [String(row)]) };
}

/**
 * Reads a table.
 *
 * @returns undefined if there is no such file; `foreign` if it is there and something else
 * @throws {ProtoclError} `INVALID_FEATURES` if it cannot be read, or rows have other lengths than its first
 */
export async function readTable(path: string): Promise<ImageTable | 'foreign' | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw notATable(path, `it could not be read (${code})`, cause);
  }
  if (!OURS.test(text)) return 'foreign';
  try {
    const [columns = [], ...rows] = parse(text, {
      bom: true,
      // As editors and spreadsheets end lines; a name can hold other ends of lines.
      record_delimiter: ['\n', '\r\n'],
      skip_empty_lines: true,
    });
    return { columns, rows };
  } catch (cause) {
    throw notATable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/**
 * Writes a table as CSV (RFC 4180, UTF-8): what holds a comma, a quote or a line break stands in quotes.
 *
 * @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function writeTable(path: string, { columns, rows }: ImageTable): Promise<void> {
  await writeFileAtomic(
    path,
    stringify([columns, ...rows], {
      // Other readers take it for the end of a line.
      quoted_match: /\r/,
    }),
  );
}

/**
 * Removes the table of features that are replaced by others, of which it says nothing. A file of another kind stays.
 *
 * @returns whether there was one
 */
export async function removeTable(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined || !OURS.test(text)) return false;
  await rm(path);
  return true;
}

/** The columns of one table and those of another behind them, which take the place of columns of the same names. */
export function withColumns(
  { columns, rows }: ImageTable,
  added: Readonly<Record<string, readonly string[]>>,
  isReplaced: (column: string) => boolean,
): ImageTable {
  const kept = [...columns.keys()].filter((at) => !isReplaced(columns[at]!));
  return {
    columns: [...kept.map((at) => columns[at]!), ...Object.keys(added)],
    rows: rows.map((row, r) => [
      ...kept.map((at) => row[at]!),
      ...Object.values(added).map((values) => values[r]!),
    ]),
  };
}

function notATable(path: string, reason: string, cause: unknown): Error {
  return pipelineError('INVALID_FEATURES', {
    message: 'the table of some images is damaged',
    given: `${path}: ${reason}`,
    expected: 'a CSV with a row for each image',
    remedy: 'Mend it, or move it away',
    cause,
  });
}
