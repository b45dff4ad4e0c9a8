import { reportError } from './errors.js';
import type { ReportInput } from './reportInput.js';

/**
 * Requires that arrays of a run's extras fit each other, and that thumbnails that are named exist.
 *
 * @throws {ProtoclError} `INVALID_SHAPE`
 */
export function requireConsistent({ name, extras }: ReportInput): void {
  const { embedding, confusion, thumbnails } = extras ?? {};
  if (embedding) {
    const { x, y, labels, prototypes = [], thumbnails: points, classNames } = embedding;
    const lists = { y, labels, thumbnails: points };
    for (const [list, values] of Object.entries(lists)) {
      requireLength(`embedding.${list}`, values?.length, x.length, name);
    }
    for (const { k, assignments } of prototypes) {
      requireLength(`embedding.prototypes of ${k} clusters`, assignments.length, x.length, name);
    }
    const unnamed = classNames && labels?.find((label) => classNames[label] === undefined);
    if (unnamed !== undefined) {
      throw invalid(
        name,
        'a label of the embedding has no class name',
        unnamed,
        `0 .. ${classNames!.length - 1}`,
      );
    }
  }
  if (confusion) {
    const { counts, classNames } = confusion;
    requireLength('confusion.counts', counts.length, classNames.length, name);
    for (const row of counts) requireLength('a row of confusion.counts', row.length, classNames.length, name);
  }
  const count = thumbnails?.count ?? 0;
  const missing = [
    ...(embedding?.thumbnails ?? []),
    ...(extras?.montages ?? []).flatMap(({ thumbnails: shown }) => shown),
    ...(extras?.retrievals ?? []).flatMap(({ query, neighbours }) =>
      [query, ...neighbours].map(({ thumbnail }) => thumbnail),
    ),
    ...(extras?.gallery?.classes ?? []).flatMap(({ truePositives, falsePositives }) => [
      ...truePositives,
      ...falsePositives.map(({ thumbnail }) => thumbnail),
    ]),
  ].find((thumbnail) => !(thumbnail >= 0 && thumbnail < count));
  if (missing !== undefined) {
    throw invalid(
      name,
      'a thumbnail is shown that the sprite sheet does not have',
      missing,
      `0 .. ${count - 1}`,
    );
  }
}

function requireLength(what: string, length: number | undefined, expected: number, run: string): void {
  if (length === undefined || length === expected) return;
  throw invalid(run, `${what} has another length than what it belongs to`, length, String(expected));
}

function invalid(run: string, message: string, given: number, expected: string): Error {
  return reportError('INVALID_SHAPE', {
    message: `the report's data of ${run} do not fit: ${message}`,
    given,
    expected,
  });
}
