export {
  ProtoclError,
  isProtoclError,
  serializeError,
  type ProtoclErrorDetails,
  type SerializedError,
} from './errors.js';
export {
  writeFileAtomic,
  writeStreamAtomic,
  type AtomicStreamOptions,
  type WrittenFile,
} from './atomicFile.js';
export { isShallow } from './nesting.js';
export { printable } from './printable.js';
export { onDisk } from './onDisk.js';
export { sha256, sha256File } from './sha256.js';
export { cacheDirectory } from './cacheDirectory.js';
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
