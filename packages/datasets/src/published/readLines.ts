import { readFile } from 'node:fs/promises';

import { unreadableError, type DatasetLayout } from './layout.js';

/** A line of a list that has text in it. */
export interface ListLine {
  /** From 1 on, as editors count. */
  readonly number: number;
  /** Without blanks at its ends. */
  readonly text: string;
}

/**
 * The lines of a text file that are not blank, one at a time.
 *
 * @throws {ProtoclError} `DATASET_INCOMPLETE` if there is no such file; `FOLDER_NOT_READABLE`
 */
export async function readLines(layout: DatasetLayout, path: string): Promise<Iterable<ListLine>> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadableError(layout, path, cause);
  }
  return linesOf(content);
}

function* linesOf(content: string): Generator<ListLine> {
  let start = 0;
  for (let number = 1; start < content.length; number++) {
    const found = content.indexOf('\n', start);
    const end = found === -1 ? content.length : found;
    const text = content.slice(start, end).trim();
    if (text !== '') yield { number, text };
    start = end + 1;
  }
}
