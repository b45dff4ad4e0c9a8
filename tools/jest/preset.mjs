import { fileURLToPath } from 'node:url';

/**
 * The Jest configuration that every package shares: native ES modules, TypeScript through swc,
 * and packages resolved to each other's sources.
 *
 * @param {string} packageUrl `import.meta.url` of the package's own jest.config.mjs
 * @param {import('jest').Config} [overrides]
 * @returns {import('jest').Config}
 */
export function jestConfig(packageUrl, overrides = {}) {
  return {
    rootDir: fileURLToPath(new URL('.', packageUrl)),
    // An engine uses several threads of its own, so more workers than this only take turns.
    maxWorkers: 2,
    testEnvironment: fileURLToPath(new URL('environment.mjs', import.meta.url)),
    reporters: ['default', fileURLToPath(new URL('countsReporter.mjs', import.meta.url))],
    testMatch: ['<rootDir>/test/**/*.test.ts'],
    // Set by `npm test` where there is no torch, faiss-node or browser; it then names these files as not run.
    testPathIgnorePatterns: [
      '/node_modules/',
      ...(process.env['PROTOCL_TEST_TORCH'] === 'unavailable' ? ['\\.torch\\.test\\.ts$'] : []),
      ...(process.env['PROTOCL_TEST_FAISS'] === 'unavailable' ? ['\\.faiss\\.test\\.ts$'] : []),
      ...(process.env['PROTOCL_TEST_BROWSER'] === 'unavailable' ? ['\\.browser\\.test\\.ts$'] : []),
    ],
    modulePathIgnorePatterns: ['<rootDir>/dist/'],
    extensionsToTreatAsEsm: ['.ts'],
    // TypeScript's sources import each other under the names that they will have once compiled.
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
    testEnvironmentOptions: { customExportConditions: ['@protocl/source', 'node', 'node-addons'] },
    transform: {
      '^.+\\.ts$': [
        '@swc/jest',
        { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
      ],
    },
    ...overrides,
  };
}
