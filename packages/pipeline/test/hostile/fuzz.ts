import { randomStream, type RandomStream } from '@protocl/core';

/** Inputs of each reader; more by hand: `FUZZ_INPUTS=1000000 npx nx test pipeline -- hostile`. */
export const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 10_000);

/** Names that objects have of their own, that break documents, or that are written in two ways. */
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'a.b',
  'caf\u00e9',
  'cafe\u0301',
  '\u0000',
  '\ud800',
  '0',
];
const NUMBERS = [0, -0, 1, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e21, 1e308, Number.MIN_VALUE];

/** Draws hostile values, the same for a seed: what is of the right form but for one thing finds most. */
export class Fuzz {
  readonly #draws: RandomStream;

  constructor(seed: number) {
    this.#draws = randomStream({ seed, purpose: 'fuzz' });
  }

  /** A whole number from 0 to below the limit. */
  below(limit: number): number {
    return this.#draws.integers(1, limit)[0]!;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Any JSON at all. */
  value(depth = 3): unknown {
    switch (this.below(depth === 0 ? 5 : 9)) {
      case 0:
        return null;
      case 1:
        return this.below(2) === 0;
      case 2:
        return this.pick(NUMBERS);
      case 3:
        return this.pick(NAMES);
      case 4:
        return this.pick(['9', 'NaN', 'x'.repeat(1 + this.below(300)), '&a', '[', '{}']);
      case 5:
      case 6:
        return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
      case 7:
        return this.below(40) === 0 ? `${MARK}20000` : [];
      default:
        return Object.fromEntries(
          Array.from({ length: this.below(4) }, () => [this.pick(NAMES), this.value(depth - 1)]),
        );
    }
  }

  /** A value with one of its parts replaced, left out or doubled. */
  changed(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.below(6) === 0) return this.value();
    const entries: [string, unknown][] = Object.entries(value);
    if (entries.length === 0) return this.value();
    const at = this.below(entries.length);
    const [key, inner]: [string, unknown] = entries[at]!;
    const kind = this.below(10);
    if (kind === 0) entries.splice(at, 1);
    else if (kind === 1) entries.push([this.pick(NAMES), inner]);
    else entries[at] = [key, this.changed(inner)];
    return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  }

  /** A text with some of it replaced, left out or doubled. */
  text(text: string): string {
    const from = this.below(text.length + 1);
    const to = Math.min(text.length, from + this.below(12));
    const between = this.pick([
      '',
      '',
      text.slice(from, to).repeat(2),
      '"',
      '\\',
      '\n',
      '\u0000',
      '-1',
      '&a *a',
      '['.repeat(300),
    ]);
    return text.slice(0, from) + between + text.slice(to);
  }

  /** Bytes with some of them changed, left out or doubled. */
  bytes(bytes: Uint8Array): Buffer {
    const changed = Buffer.from(bytes);
    switch (this.below(4)) {
      case 0:
        return changed.subarray(0, this.below(changed.length + 1));
      case 1:
        return Buffer.concat([changed, changed.subarray(this.below(changed.length + 1))]);
      default:
        for (let flips = 1 + this.below(4); flips > 0 && changed.length > 0; flips--) {
          changed[this.below(Math.min(changed.length, this.pick([16, 200, 1e9])))] = this.pick([
            0,
            255,
            this.below(256),
          ]);
        }
        return changed;
    }
  }
}

/** Stands for lists within each other, which `JSON.stringify` could not write; see {@link jsonOf}. */
const MARK = 'nested:';

/** A value as JSON, deep lists written out. */
export function jsonOf(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replaceAll(
    new RegExp(`"${MARK}(\\d+)"`, 'g'),
    (_, levels: string) => '['.repeat(Number(levels)) + ']'.repeat(Number(levels)),
  );
}
