import { reportError } from './errors.js';
import type { PrototypeNode, ReportExtras, ReportInput, SpriteSheet } from './reportInput.js';
import { pictureBytes } from './sprites/sheetPicture.js';

/**
 * Requires that arrays of a run's extras fit each other, and that thumbnails that are named exist.
 *
 * @throws {ProtoclError} `INVALID_SHAPE`; `INVALID_PICTURE` for thumbnails that are no JPEG or PNG
 */
export function requireConsistent({ name, extras }: ReportInput): void {
  const { embedding, confusion, thumbnails } = extras ?? {};
  if (thumbnails) requireSheet(thumbnails, name);
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
  const missing = shownThumbnails(extras ?? {}).find(
    (thumbnail) => !(Number.isInteger(thumbnail) && thumbnail >= 0 && thumbnail < count),
  );
  if (missing !== undefined) {
    throw invalid(
      name,
      'a thumbnail is shown that the sprite sheet does not have',
      missing,
      `0 .. ${count - 1}`,
    );
  }
}

/** The thumbnails that all parts refer to. */
function shownThumbnails({
  embedding,
  montages = [],
  tree = [],
  retrievals = [],
  gallery,
}: ReportExtras): number[] {
  const ofNode = ({ nearest = [], children = [] }: PrototypeNode): number[] => [
    ...nearest,
    ...children.flatMap(ofNode),
  ];
  return [
    ...(embedding?.thumbnails ?? []),
    ...montages.flatMap(({ nearest, random }) => [...nearest, ...random]),
    ...tree.flatMap(ofNode),
    ...retrievals.flatMap(({ query, neighbours }) =>
      [query, ...neighbours].map(({ thumbnail }) => thumbnail),
    ),
    ...(gallery?.classes ?? []).flatMap(({ truePositives, falsePositives }) => [
      ...truePositives,
      ...falsePositives.map(({ thumbnail }) => thumbnail),
    ]),
  ];
}

function requireSheet(sheet: SpriteSheet, run: string): void {
  pictureBytes(sheet);
  for (const part of ['width', 'height', 'columns', 'count'] as const) {
    if (Number.isSafeInteger(sheet[part]) && sheet[part] >= 1) continue;
    throw invalid(run, `the thumbnails have no such ${part}`, sheet[part], 'a whole number, at least 1');
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
