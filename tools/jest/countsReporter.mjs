import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Leaves the counts of a run in `test-results/jest.json` of the package, where `npm test` adds them up. */
export default class CountsReporter {
  #file;

  /** @param {import('jest').Config} config */
  constructor({ rootDir = '.' }) {
    this.#file = join(rootDir, 'test-results', 'jest.json');
  }

  /**
   * @param {unknown} _contexts
   * @param {Record<string, unknown>} results
   */
  onRunComplete(_contexts, results) {
    const counts = Object.entries(results).filter(
      ([name, value]) => name.startsWith('num') && typeof value === 'number',
    );
    mkdirSync(dirname(this.#file), { recursive: true });
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(Object.fromEntries(counts), null, 2)}\n`, { flush: true });
    renameSync(temporary, this.#file);
  }
}
