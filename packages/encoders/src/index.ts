export * from './portable.js';
export { loadEncoder } from './loadEncoder.js';
export { saveEncoder, type SaveEncoderOptions } from './saveEncoder.js';
