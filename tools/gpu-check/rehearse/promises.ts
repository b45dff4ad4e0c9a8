import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import type { StepRecord } from '../check/record.js';
import { LIMITS, MIB } from '../limits.js';
import type { CheckReport } from './readReport.js';

/** A file that came back. */
export interface ReturnedFile {
  /** Below `OUT`. */
  readonly name: string;
  readonly bytes: number;
}

/** Which promises a part breaks by what it is. */
export async function brokenByPart(part: string): Promise<string[]> {
  const files = await filesBelow(part);
  const bytes = total(files.map((file) => file.bytes));
  const links = files.filter(({ plain }) => !plain);
  return [
    ...(bytes > LIMITS.partBytes ? [`it is ${inMiB(bytes)}, above ${inMiB(LIMITS.partBytes)}`] : []),
    ...links.map(({ name }) => `${name} is no plain file, and may not travel`),
  ];
}

/** What came back from a call, and which promises it breaks. */
export async function returnedFiles(
  out: string,
): Promise<{ readonly files: readonly ReturnedFile[]; readonly broken: readonly string[] }> {
  const files = await filesBelow(out);
  const broken: string[] = [];
  for (const { name, bytes, plain } of files) {
    if (!plain) broken.push(`${name} does not come back: it is no plain file`);
    if (bytes > LIMITS.fileBytes) {
      broken.push(`${name} does not come back: it is ${inMiB(bytes)}, above ${inMiB(LIMITS.fileBytes)}`);
    }
    if (name.split('/').length - 1 > LIMITS.folders) {
      broken.push(`${name} does not come back: it is more than ${LIMITS.folders} folders down`);
    }
    if (!/^[\w./-]+$/.test(name)) {
      broken.push(`${name} does not come back: its name has more than letters, digits, '.', '_' and '-'`);
    }
  }
  if (files.length > LIMITS.files) {
    broken.push(`it leaves ${files.length} files, of which ${LIMITS.files} come back`);
  }
  const bytes = total(files.map((file) => file.bytes));
  if (bytes > LIMITS.allFilesBytes) {
    broken.push(`its files take ${inMiB(bytes)} together, above ${inMiB(LIMITS.allFilesBytes)}`);
  }
  return { files: files.map(({ name, bytes }) => ({ name, bytes })), broken };
}

/**
 * Which promises the steps break, all calls taken together: each must pass in one of them, be it that it waits
 * for a later part, and fail in none; only what CUDA alone can show may be left out.
 *
 * @param wanted the steps that were asked for; without, those that the reports name
 */
export function brokenBySteps(reports: readonly CheckReport[], wanted?: readonly string[]): string[] {
  const all = reports.flatMap(({ steps }) => steps);
  const names = new Set([...(wanted ?? []), ...all.map(({ name }) => name)]);
  if (names.size === 0) return ['no step was run'];
  return [...names].flatMap((name) => {
    const broken = brokenByStep(all.filter((step) => step.name === name));
    return broken.map((promise) => `step ${name} ${promise}`);
  });
}

function brokenByStep(records: readonly StepRecord[]): string[] {
  const last = records.at(-1);
  if (last === undefined) return ['was not run'];
  // A later call's report repeats what an earlier one found.
  const failures = new Set(records.filter(({ status }) => status === 'failed').map(messageOf));
  if (failures.size > 0) return [...failures].map((message) => `failed: ${message}`);
  if (records.some(({ status }) => status === 'passed')) return [];
  if (last.status === 'cut') return [`did not fit into the minutes: ${messageOf(last)}`];
  if (last.message === undefined) return ['was skipped without saying why'];
  return /\bcuda\b/i.test(last.message) ? [] : [`was skipped, though not for want of CUDA: ${last.message}`];
}

function messageOf({ message = 'without a message' }: StepRecord): string {
  return message;
}

interface FoundFile extends ReturnedFile {
  readonly plain: boolean;
}

/** Everything below a folder that is no folder, by name. */
async function filesBelow(folder: string): Promise<FoundFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter((entry) => !entry.isDirectory())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const name = relative(folder, path).replaceAll(sep, '/');
        return { name, bytes: (await lstat(path)).size, plain: entry.isFile() };
      }),
  );
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function inMiB(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
