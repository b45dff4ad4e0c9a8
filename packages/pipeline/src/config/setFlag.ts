import { isShallow } from '@protocl/core';
import { parse as parseYaml } from 'yaml';

import { pipelineError } from '../errors.js';
import type { ConfigLayer } from './layers.js';

/** Keys of a path; no setting lies nearly as deep. */
const MOST_KEYS = 20;

/**
 * Reads `path.key=value` as a layer. The value is read as YAML reads it: `0.1` is a number, `true` a
 * truth value, `[250, 500]` a list, everything else text.
 *
 * @throws {ProtoclError} `USAGE` if it has another form
 */
export function readSetFlag(text: string): ConfigLayer {
  const separator = text.indexOf('=');
  const keys = text.slice(0, Math.max(0, separator)).split('.');
  if (separator < 1 || keys.length > MOST_KEYS || keys.some((key) => key.trim() === ''))
    throw malformed(text);
  let value: unknown;
  try {
    value = parseYaml(text.slice(separator + 1));
  } catch (cause) {
    throw malformed(text, cause);
  }
  if (!isShallow(value)) throw malformed(text);
  return layerAt(keys, value, `--set ${text}`);
}

/** A layer that sets one value. */
export function layerAt(keys: readonly string[], value: unknown, origin: string): ConfigLayer {
  const values = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  return { origin, values: values as Record<string, unknown> };
}

function malformed(text: string, cause?: unknown): Error {
  return pipelineError('USAGE', {
    message: '--set has another form than expected',
    given: text,
    expected: 'path.key=value, such as method.temperature=0.1 or method.granularities=[250,500]',
    ...(cause !== undefined && { cause }),
  });
}
