import { describe, expect, test } from '@jest/globals';
import { conformanceCounts, failedTasks, jestCounts } from '../testCounts.mjs';

describe('jestCounts', () => {
  const report = {
    numPassedTests: 7,
    numFailedTests: 2,
    numPendingTests: 1,
    numTodoTests: 3,
    numRuntimeErrorTestSuites: 1,
  };

  test('counts a test file that could not run as a failure', () => {
    expect(jestCounts(report)).toEqual({ passed: 7, failed: 3, skipped: 4 });
  });

  test('refuses what is no report of Jest', () => {
    expect(() => jestCounts({ ...report, numFailedTests: undefined })).toThrow('numFailedTests');
  });
});

describe('conformanceCounts', () => {
  test('reads the last line', () => {
    const output = 'started\n3 specs, 3 failures, 0 excluded so far\n\n4230 specs, 2 failures, 20 excluded\n';
    expect(conformanceCounts(output)).toEqual({ passed: 4228, failed: 2, skipped: 20 });
  });

  test('reads a coloured line', () => {
    expect(conformanceCounts('\x1b[32m10 specs, 0 failures, 1 excluded\x1b[0m\n')).toEqual({
      passed: 10,
      failed: 0,
      skipped: 1,
    });
  });

  test('is null where the suite ended before its last line', () => {
    expect(conformanceCounts('4230 specs, 2 failures, 20 excluded\nSegmentation fault\n')).toBeNull();
  });
});

describe('failedTasks', () => {
  test('reads the list at the end of what Nx prints', () => {
    const output = [
      ' NX   Running targets lint, test for 2 projects failed',
      '',
      'Tasks not run because their dependencies failed or --nx-bail=true:',
      '',
      '- @protocl/tools:typecheck',
      '',
      '\x1b[2mFailed tasks:\x1b[22m',
      '',
      '\x1b[2m-\x1b[22m @protocl/core:lint',
      '\x1b[2m-\x1b[22m @protocl/tools:test',
      '',
      '- not a task',
    ];
    expect(failedTasks(output.slice(0, -1).join('\n'))).toEqual([
      '@protocl/core:lint',
      '@protocl/tools:test',
    ]);
  });

  test('is empty where all went well', () => {
    expect(failedTasks(' NX   Successfully ran target lint for 2 projects\n')).toEqual([]);
  });
});
