export { packageName } from './packageName.js';
