import { isAbsolute } from 'node:path';

import { malformedError, type DatasetLayout } from './layout.js';
import { readLines } from './readLines.js';

/** The images of a list and their classes. */
export interface ImageList {
  /** With slashes, in the order of the list. */
  readonly files: readonly string[];
  /** int32 [n], in 0 .. `classes`-1. */
  readonly labels: Int32Array;
}

/**
 * Reads a list with a line `path label` for each image.
 *
 * @param classes how many there are; a label is less
 * @throws {ProtoclError} `DATASET_MALFORMED` with file and line; `DATASET_INCOMPLETE`, `FOLDER_NOT_READABLE`
 */
export async function readImageList(
  layout: DatasetLayout,
  path: string,
  classes: number,
): Promise<ImageList> {
  const files: string[] = [];
  const labels: number[] = [];
  const malformed = (place: string, given: string, expected: string) =>
    malformedError(layout, { file: path, place, given, expected });
  for (const { number, text } of await readLines(layout, path)) {
    const { file, label } = parts(text);
    if (file === '' || !(label < classes)) {
      throw malformed(`line ${number}`, text, `an image's path, a blank and a label of 0 .. ${classes - 1}`);
    }
    if (isAbsolute(file) || file.split('/').includes('..') || file.includes('\0')) {
      throw malformed(`line ${number}`, file, 'a path within the folder of the images');
    }
    files.push(file);
    labels.push(label);
  }
  if (files.length === 0) throw malformed('all', 'no line', 'a line for each image');
  return { files, labels: Int32Array.from(labels) };
}

/** What is before the last blanks, and the number behind them. A pattern would take the square of a line's length. */
function parts(text: string): { readonly file: string; readonly label: number } {
  let start = text.length;
  while (start > 0 && text[start - 1]!.trim() !== '') start--;
  const digits = text.slice(start);
  return { file: text.slice(0, start).trimEnd(), label: /^\d+$/.test(digits) ? Number(digits) : NaN };
}
