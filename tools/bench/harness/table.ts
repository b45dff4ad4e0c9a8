import type { BenchResult } from './record.js';

/** The results as a table for the terminal, one line a case. */
export function formatTable(results: readonly BenchResult[]): string {
  const header = ['case', 'unit', 'ours', 'peer', 'ratio', 'quartiles', 'limit', 'compared with'];
  const rows = results.map(({ record, spread, limit, variants }) => [
    record.name,
    record.unit,
    figure(record.ours),
    record.peer === null ? '-' : figure(record.peer),
    record.ratio === null ? '-' : record.ratio.toFixed(3),
    spread === null ? '-' : spread.map((ratio) => ratio.toFixed(3)).join('..'),
    limit === null ? '' : `${limit.toFixed(2)} ${verdict(record.ratio, limit)}`.trimEnd(),
    comparedWith(record.peerName, variants),
  ]);
  return alignColumns([header, ...rows], [0, 1, 6, 7]);
}

function comparedWith(peerName: string | null, variants: BenchResult['variants']): string {
  if (peerName === null) return 'no peer';
  const others = variants
    .filter(({ label }) => label !== peerName)
    .map(({ label, median }) => `${label.split(', ').at(-1)} ${figure(median)}`);
  return others.length === 0 ? peerName : `${peerName} (${others.join(', ')})`;
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
