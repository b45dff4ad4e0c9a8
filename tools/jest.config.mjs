import { jestConfig } from './jest/preset.mjs';

export default jestConfig(import.meta.url, { testMatch: ['<rootDir>/**/test/**/*.test.ts'] });
