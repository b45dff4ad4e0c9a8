import { ProtoclError } from './errors.js';

/** What {@link requireMemory} throws. */
export type MemoryErrorCode =
  /** Something needs more memory than there is. */
  'INSUFFICIENT_MEMORY';

/** A part of what something needs. */
export interface MemoryItem {
  /** In words, such as `a queue of 65536 keys`. */
  readonly what: string;
  readonly bytes: number;
  /** What makes it smaller, such as `method.queue`, what helps most first. */
  readonly settings: readonly string[];
}

/** How much there is. */
export interface MemoryLimit {
  /** Bytes; {@link memoryLimit} by default. */
  readonly limit?: number;
  /** Whose it is, for the message. */
  readonly source?: string;
}

const OF_MACHINE = 'the memory of this machine or of its control group';

/** Items that a message names. */
const MOST_NAMED = 3;

/**
 * Bytes that this process can use at most: the limit of its control group where there is one, else the
 * machine's memory; without swap. Infinity where that cannot be told, as in a browser.
 */
export function memoryLimit(): number {
  // Found at run time: a bundle for browsers has no such modules.
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> };
  const machine = process?.getBuiltinModule?.('node:os').totalmem() ?? Infinity;
  // 0 where Node cannot tell, and beyond all memory where there is no limit.
  const group = process?.constrainedMemory?.() ?? 0;
  return group > 0 ? Math.min(machine, group) : machine;
}

/**
 * Requires that there is memory for what is about to be made: allocating more than there is either fails late
 * or has the system end the process without a word.
 *
 * @param what such as `this run`
 * @param items what it needs at least, all at one time
 * @throws {ProtoclError} `INSUFFICIENT_MEMORY` that names the total, the limit and the largest items
 */
export function requireMemory(
  what: string,
  items: readonly MemoryItem[],
  { limit = memoryLimit(), source = OF_MACHINE }: MemoryLimit = {},
): void {
  const total = totalBytes(items);
  if (total <= limit) return;
  const largest = largestItems(items);
  const named = largest.map((item) => `${itemInWords(item)} (${item.settings.join(', ')})`).join('; ');
  throw new ProtoclError<MemoryErrorCode>('INSUFFICIENT_MEMORY', {
    message: `${what} needs more memory than there is`,
    given: `at least ${bytesInWords(total)}, most of it for ${named}`,
    expected: `at most ${bytesInWords(limit)}, ${source}`,
    remedy: `Lower ${[...new Set(largest.flatMap(({ settings }) => settings))].join(' or ')}`,
  });
}

/** The sum of all items. */
export function totalBytes(items: readonly MemoryItem[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The few that make up most of the total, the largest first. */
export function largestItems(items: readonly MemoryItem[]): MemoryItem[] {
  const least = totalBytes(items) / 20;
  const sorted = [...items].sort((a, b) => b.bytes - a.bytes);
  return sorted.filter(({ bytes }, index) => index === 0 || bytes >= least).slice(0, MOST_NAMED);
}

/** An item with its size. */
export function itemInWords({ what, bytes }: MemoryItem): string {
  return `${what}: ${bytesInWords(bytes)}`;
}

/** A number of bytes for people, such as `1.5 GiB`. */
export function bytesInWords(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'any number of bytes';
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 2 ** (10 * unit);
  return `${Number(value.toPrecision(value >= 1000 ? 4 : 3))} ${units[unit]!}`;
}
