export * from './portable.js';
export { loadEncoder } from './loadEncoder.js';
export { saveEncoder } from './saveEncoder.js';
