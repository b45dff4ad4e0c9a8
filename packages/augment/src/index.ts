export * from './portable.js';
export { decodeCrops, type DecodeCropsOptions } from './files/decodeCrops.js';
export { type DecodeOptions } from './files/decodeImage.js';
export { decodePlain } from './files/decodePlain.js';
export { type ImageSource } from './files/readSource.js';
export { tuneSharp } from './files/tuneSharp.js';
