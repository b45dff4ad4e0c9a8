import {
  bytesInWords,
  itemInWords,
  largestItems,
  memoryLimit,
  requireMemory,
  totalBytes,
  type MemoryItem,
  type MemoryLimit,
} from '@protocl/core';

import type { DataSizes } from '../config/combinations.js';
import type { Config } from '../config/schema.js';
import { memoryNeeds, type MemoryNeed } from './memoryNeeds.js';

/** Which engine computes, as `useBackend` says. */
export interface EngineKind {
  readonly name: string;
  readonly device: string;
}

/** Most that 32-bit addresses reach. */
const WASM_BYTES = 2 ** 32;

/**
 * Requires that there is memory for a run, before any work begins: of what is needed at the least, so that only
 * what certainly cannot work is refused. `engine.memoryLimit` raises the limit, for machines with swap.
 *
 * @param what such as `this run`
 * @param engine undefined where that is not known: then only what no engine takes off this process is counted
 * @throws {ProtoclError} `INSUFFICIENT_MEMORY` that names the total, the limit and the largest items with the settings
 *   that make them smaller
 */
export function requireMemoryFor(
  what: string,
  config: Config,
  sizes: DataSizes,
  engine: EngineKind | undefined,
): void {
  const { memoryLimit: given } = config.engine;
  if (engine?.name === 'wasm') {
    const limit = { limit: WASM_BYTES, source: 'what WebAssembly can address' };
    requireMemory(what, itemsOf(config, sizes, isOnEngine), limit);
  }
  if (engine?.name === 'torch' && given !== undefined) {
    requireMemory(what, itemsOf(config, sizes, isOnEngine), { limit: given, source: 'engine.memoryLimit' });
  }
  const isHere = isHost(engine) ? () => true : ({ place }: MemoryNeed) => place === 'host';
  requireMemory(what, itemsOf(config, sizes, isHere), hostLimit(given));
}

/** What a run needs at the least, for people. */
export function memoryInWords(config: Config, sizes: DataSizes): string {
  const items = itemsOf(config, sizes, () => true);
  const largest = largestItems(items).map(itemInWords).join(', ');
  const { limit } = hostLimit(config.engine.memoryLimit);
  return `memory: at least ${bytesInWords(totalBytes(items))} of ${bytesInWords(limit)} (${largest})`;
}

function hostLimit(given: number | undefined): MemoryLimit & { readonly limit: number } {
  const machine = memoryLimit();
  if (given === undefined || given <= machine) return { limit: machine };
  return { limit: given, source: 'engine.memoryLimit' };
}

/** What is needed at the fullest moment. */
function itemsOf(config: Config, sizes: DataSizes, isCounted: (need: MemoryNeed) => boolean): MemoryItem[] {
  const { always, moments } = memoryNeeds(config, sizes);
  const counted = moments.map((moment) => [...always, ...moment].filter(isCounted));
  return counted.reduce((most, items) => (totalBytes(items) > totalBytes(most) ? items : most));
}

function isOnEngine({ place }: MemoryNeed): boolean {
  return place === 'engine';
}

/** The engine that a configuration names, where it leaves no choice. */
export function configuredEngine({ engine: { backend, device } }: Config): EngineKind | undefined {
  if (backend === 'wasm' || backend === 'cpu' || backend === 'tfjs-node')
    return { name: backend, device: 'cpu' };
  return backend === 'torch' && device !== undefined ? { name: backend, device } : undefined;
}

/** Whether tensors lie in the memory of this process. */
function isHost(engine: EngineKind | undefined): boolean {
  return engine?.device === 'cpu';
}
