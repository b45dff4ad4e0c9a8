import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { depConstraints, testConstraints } from './tools/lint/boundaries.mjs';

export default defineConfig(
  {
    ignores: [
      '**/dist/',
      '**/test-results/',
      '**/bench-results/',
      '**/build/',
      '**/fixtures/',
      'tools/generators/*/files/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mjs'],
    plugins: { '@nx': nx },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', 400],
      'no-warning-comments': 'error',
      // What begins with # is a package's own file, another one for Node than for browsers.
      '@nx/enforce-module-boundaries': ['error', { depConstraints, allow: ['^#'] }],
    },
  },
  {
    files: ['packages/*/test/**'],
    rules: {
      // Tests import their own package by its name, as its users do.
      '@nx/enforce-module-boundaries': [
        'error',
        { depConstraints: testConstraints, allowCircularSelfDependency: true },
      ],
    },
  },
  {
    // TypeScript checks the names in these.
    files: ['**/*.mjs'],
    rules: { 'no-undef': 'off' },
  },
  {
    // Scripts of a page, which share one scope; TypeScript checks the names in these, too.
    files: ['packages/*/page/*.js'],
    languageOptions: { sourceType: 'script' },
    rules: { 'no-undef': 'off', 'no-unused-vars': ['error', { vars: 'local' }], 'max-lines': ['error', 400] },
  },
  {
    // Jest reads these; no package imports them.
    files: ['**/jest.config.mjs'],
    rules: { '@nx/enforce-module-boundaries': 'off' },
  },
  {
    files: ['packages/**'],
    ignores: ['**/jest.config.mjs'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@protocl/tools', '@protocl/tools/*'], message: 'The tools are never published.' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowArray: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An interface may ask for a promise that an implementation has at once.
      '@typescript-eslint/require-await': 'off',
      // Callers in JavaScript pass what the types forbid, and the types of TensorFlow.js promise more than it keeps.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Numeric loops index arrays whose bounds they have just set.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
