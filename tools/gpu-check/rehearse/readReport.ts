import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CheckRecord, StepRecord, StepStatus } from '../check/record.js';

/** What a call leaves of its figures. */
const REPORT_FILE = 'gpu-check.json';

const STATUSES: readonly StepStatus[] = ['passed', 'failed', 'skipped', 'cut'];

/** The part of the check's record that a rehearsal looks at. */
export type CheckReport = Pick<CheckRecord, 'steps'>;

/**
 * Reads what a call has reported.
 *
 * @param out the folder that came back from it
 * @returns the report, or what is wrong with it in a few words
 */
export async function readReport(out: string): Promise<CheckReport | { readonly wrong: string }> {
  let report: unknown;
  try {
    report = JSON.parse(await readFile(join(out, REPORT_FILE), 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { wrong: missing ? `it left no ${REPORT_FILE}` : `its ${REPORT_FILE} is no JSON` };
  }
  if (!isObject(report) || !isObject(report['machine']))
    return { wrong: `its ${REPORT_FILE} names no machine` };
  const { steps } = report;
  if (!Array.isArray(steps) || !steps.every(isStep)) {
    return { wrong: `its ${REPORT_FILE} has no list of steps with name, what, status, seconds and figures` };
  }
  return { steps };
}

function isStep(value: unknown): value is StepRecord {
  if (!isObject(value)) return false;
  const { name, what, status, seconds, message, figures } = value;
  return (
    typeof name === 'string' &&
    typeof what === 'string' &&
    STATUSES.some((known) => known === status) &&
    typeof seconds === 'number' &&
    (message === undefined || typeof message === 'string') &&
    Array.isArray(figures)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
