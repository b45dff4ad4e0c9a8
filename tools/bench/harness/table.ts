import { describeLibraries } from './libraries.js';
import type { BenchResult, OfBoth } from './record.js';

/** The results as a table for the terminal, one line a case. */
export function formatTable(results: readonly BenchResult[]): string {
  const hasDevice = results.some(({ record: { deviceMiB } }) => deviceMiB.ours ?? deviceMiB.peer);
  const header = ['case', 'unit', 'ours', 'peer', 'ratio', 'quartiles', 'limit', 'compared with'];
  const rows = results.map(({ record, spread, limit }) => [
    record.name,
    record.unit,
    figure(record.ours),
    record.peer === null ? '-' : figure(record.peer),
    record.ratio === null ? '-' : record.ratio.toFixed(3),
    spread === null ? '-' : spread.map((ratio) => ratio.toFixed(3)).join('..'),
    limit === null ? '' : `${limit.toFixed(2)} ${verdict(record.ratio, limit)}`.trimEnd(),
    comparedWith(record),
  ]);
  if (!hasDevice) return alignColumns([header, ...rows], [0, 1, 6, 7]);
  const more = results.map(({ record }) => [
    pair(record.hostMilliseconds),
    pair(record.itemsPerSecond),
    pair(record.deviceMiB),
  ]);
  const moreHeader = ['host ms', 'items/s', 'device MiB'];
  const wide = [header, ...rows].map((row, i) => [
    ...row.slice(0, -1),
    ...(i === 0 ? moreHeader : more[i - 1]!),
    row.at(-1)!,
  ]);
  return alignColumns(wide, [0, 1, 6, 10]);
}

/** Ours and the peer's. */
function pair({ ours, peer }: OfBoth): string {
  if (ours === null && peer === null) return '';
  return [ours, peer].map((value) => (value === null ? '-' : figure(value))).join(' / ');
}

/** What the peer's settings took when they were tried, one line a setting; empty where none were. */
export function formatTrials(results: readonly BenchResult[]): string {
  const rows = results.flatMap(({ record: { name, unit, tried } }) =>
    tried.map(({ label, median, samples, taken, libraries }) => [
      name,
      unit,
      median === null ? '-' : figure(median),
      String(samples),
      taken ? 'taken' : '',
      settingIn(label),
      describeLibraries(libraries),
    ]),
  );
  if (rows.length === 0) return '';
  const header = ['case', 'unit', 'peer', 'samples', '', 'setting tried', 'with'];
  return alignColumns([header, ...rows], [0, 1, 4, 5, 6]);
}

function comparedWith({ peerName, peerLibraries, variants }: BenchResult['record']): string {
  const others = variants
    .filter(({ label }) => label !== peerName)
    .map(({ label, median }) => `${settingIn(label)} ${figure(median)}`);
  const name = [peerName ?? 'no peer', describeLibraries(peerLibraries)].filter(Boolean).join(' with ');
  return others.length === 0 ? name : `${name} (${others.join('; ')})`;
}

/** Of a label what comes behind the peer's name. */
function settingIn(label: string): string {
  return label.split(', ').slice(1).join(', ') || label;
}

function verdict(ratio: number | null, limit: number): string {
  if (ratio === null) return '';
  return ratio <= limit ? 'kept' : 'EXCEEDED';
}

/** Four significant digits, without an exponent. */
function figure(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

function alignColumns(rows: readonly (readonly string[])[], leftAligned: readonly number[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          leftAligned.includes(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
