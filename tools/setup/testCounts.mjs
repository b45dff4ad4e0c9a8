/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * What one package's run of Jest comes to. A test file that could not be run counts as one failure.
 *
 * @param {Record<string, unknown>} report what tools/jest/countsReporter.mjs writes
 * @returns {Counts}
 */
export function jestCounts(report) {
  /** @param {string} name */
  const number = (name) => {
    const value = report[name];
    if (typeof value !== 'number')
      throw new Error(`Jest's report has no number ${name}, but ${String(value)}.`);
    return value;
  };
  return {
    passed: number('numPassedTests'),
    failed: number('numFailedTests') + number('numRuntimeErrorTestSuites'),
    skipped: number('numPendingTests') + number('numTodoTests'),
  };
}

/**
 * What the conformance suite comes to, from its last line `N specs, N failures, N excluded`. Null where it printed none.
 *
 * @param {string} output
 * @returns {Counts | null}
 */
export function conformanceCounts(output) {
  const [, specs, failures, excluded] =
    /(?:^|\n)(\d+) specs?, (\d+) failures?, (\d+) excluded\s*$/.exec(plainText(output)) ?? [];
  if (specs === undefined) return null;
  return { passed: Number(specs) - Number(failures), failed: Number(failures), skipped: Number(excluded) };
}

/**
 * The tasks, such as `@protocl/core:lint`, that Nx says have failed.
 *
 * @param {string} output the standard error of `nx run-many`
 * @returns {string[]}
 */
export function failedTasks(output) {
  const [, list = ''] = /\nFailed tasks:\s*\n((?:\s*- [^\n]+\n?)*)/.exec(plainText(output)) ?? [];
  return [...list.matchAll(/- (\S+)/g)].map(([, task]) => /** @type {string} */ (task));
}

/** @param {string} output */
function plainText(output) {
  // eslint-disable-next-line no-control-regex -- the escape character is what starts a terminal's colours
  return output.replaceAll('\r\n', '\n').replaceAll(/\x1b\[[\d;]*m/g, '');
}
