import { printable } from '@protocl/core';

/** Takes no room, and no line is broken there. */
const WORD_JOINER = '\u2060';

/**
 * What ECharts is given, as it can be drawn whatever its texts are, such as the names of somebody's classes:
 * control characters, which no SVG may have, are made visible.
 */
export function drawable<T>(value: T): T {
  return drawableValue(value) as T;
}

function drawableValue(value: unknown): unknown {
  if (typeof value === 'string') return drawableText(value);
  if (Array.isArray(value)) return value.map(drawableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, drawableValue(inner)]));
}

/** ECharts keeps what it has measured of a text in a plain object: `__proto__` would change all objects. */
function drawableText(text: string): string {
  const shown = printable(text);
  return shown in Object.prototype ? WORD_JOINER + shown : shown;
}
