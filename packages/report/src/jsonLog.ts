import { isShallow } from '@protocl/core';

import type { JsonObject } from './reportInput.js';

/** The object of one line of a log; undefined for a line that is cut off, holds none or nests without end. */
function entryOf(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && isShallow(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a log together from pieces of text, which may end anywhere within a line. */
export class LogParser {
  #rest = '';

  /** @returns the objects of the lines that this piece ends; lines that hold none are left out */
  push(text: string): JsonObject[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.map(entryOf).filter((entry) => entry !== undefined);
  }
}

/** The objects of a whole log, the last line included whether or not it is ended. */
export function parseLog(text: string): JsonObject[] {
  return new LogParser().push(`${text}\n`);
}
