import { jestConfig } from '../../tools/jest/preset.mjs';

// Tests here train; on a busy machine that takes its time.
export default jestConfig(import.meta.url, { testTimeout: 300_000 });
