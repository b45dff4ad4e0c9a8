import { join } from 'node:path';

import { firstWith, malformedError } from '../published/layout.js';
import { readLines } from '../published/readLines.js';
import { IMAGENET_LAYOUT, SYNSET, WORDS } from './imageNetLayout.js';

/** A file of synset words. */
export interface SynsetWords {
  /** Absolute. */
  readonly file: string;
  readonly words: ReadonlyMap<string, string>;
}

/**
 * What each synset is, in the file's order; undefined where there is no such file.
 *
 * @throws {ProtoclError} `DATASET_MALFORMED` with file and line; `FOLDER_NOT_READABLE`
 */
export async function readSynsetWords(root: string): Promise<SynsetWords | undefined> {
  for (const name of WORDS) {
    if ((await firstWith(root, ['.'], name)) === undefined) continue;
    const file = join(root, name);
    const words = new Map<string, string>();
    for (const { number, text } of await readLines(IMAGENET_LAYOUT, file)) {
      const blank = text.indexOf(' ');
      const synset = text.slice(0, blank);
      if (!SYNSET.test(synset) || words.has(synset)) {
        throw malformedError(IMAGENET_LAYOUT, {
          file,
          place: `line ${number}`,
          given: text,
          expected: 'a synset such as n01440764, each once, a blank and its words',
        });
      }
      words.set(synset, text.slice(blank + 1).trim());
    }
    return { file, words };
  }
  return undefined;
}
