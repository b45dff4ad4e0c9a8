export * from './portable.js';
export { loadCheckpoint, saveCheckpoint } from './checkpoints/checkpoint.js';
