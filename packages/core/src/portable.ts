/** All that needs no Node: what bundles for browsers get of this package. */
export {
  ProtoclError,
  isProtoclError,
  serializeError,
  type ProtoclErrorDetails,
  type SerializedError,
} from './errors.js';
export { isShallow } from './nesting.js';
export { printable } from './printable.js';
export { randomStream, type RandomStream, type RandomStreamOptions } from './random.js';
export {
  bytesInWords,
  itemInWords,
  largestItems,
  memoryLimit,
  requireMemory,
  totalBytes,
  type MemoryErrorCode,
  type MemoryItem,
  type MemoryLimit,
} from './memory.js';
export { requireKnownOptions, type OptionNames, type OptionsErrorCode } from './options.js';
