import { objectOf, textOf } from '../jsonValues.js';
import type { JsonObject, JsonValue, ReportInput, ScoreTable } from '../reportInput.js';

/** Images that the table names. */
const MOST_ROWS = 50;

/** The images that a run left out: by its summary, or until that is there by its log; undefined if there are none. */
export function skippedTable({ summary, log }: ReportInput): ScoreTable | undefined {
  const images = ofSummary(summary?.['skipped']) ?? ofLog(log);
  if (images.length === 0) return undefined;
  const rest = images.length - MOST_ROWS;
  return {
    title: 'images left out',
    protocol: `${images.length} that could not be used${rest > 0 ? `, of which the first ${MOST_ROWS} are shown` : ''}`,
    columns: ['split', 'reason'],
    rows: images.slice(0, MOST_ROWS).map((image) => ({
      name: textOf(image['path']),
      values: [textOf(image['split']), textOf(image['reason'])],
    })),
  };
}

function ofSummary(skipped: JsonValue | undefined): JsonObject[] | undefined {
  const images = objectOf(skipped)?.['images'];
  if (!Array.isArray(images)) return undefined;
  return images.map((image: JsonValue) => objectOf(image)).filter((image) => image !== undefined);
}

/** Every process of a run names what it meets. */
function ofLog(log: readonly JsonObject[]): JsonObject[] {
  const found = log.filter(({ type }) => type === 'skipped');
  return [
    ...new Map(found.map((image) => [`${textOf(image['split'])}/${textOf(image['path'])}`, image])).values(),
  ];
}
