export * from './portable.js';
export {
  writeFileAtomic,
  writeStreamAtomic,
  type AtomicStreamOptions,
  type WrittenFile,
} from './atomicFile.js';
export { onDisk } from './onDisk.js';
export { sha256, sha256File } from './sha256.js';
export { cacheDirectory } from './cacheDirectory.js';
