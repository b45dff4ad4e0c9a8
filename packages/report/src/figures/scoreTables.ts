import { objectOf, textOf } from '../jsonValues.js';
import type { JsonObject, JsonValue, ReportInput, ScoreRow, ScoreTable } from '../reportInput.js';
import { skippedTable } from './skippedTable.js';

/** The columns of a score that was measured at several stages of a run. */
const STAGES = ['random', 'warmup', 'final'] as const;
const STAGE_NAMES = ['random encoder', 'after warm-up', 'final'];

/**
 * The scores of a run: those of its summary, with the settings that the configuration gives for them,
 * and those that were computed for the report; then what was left out of the images.
 */
export function scoreTables(run: ReportInput): ScoreTable[] {
  const { summary, config, extras } = run;
  const evaluation = objectOf(config?.['evaluation']) ?? {};
  const scores = Object.entries(summary ?? {}).flatMap(([name, value]) => {
    const stages = objectOf(value);
    return stages && STAGES.some((stage) => stage in stages) ? [{ name, stages }] : [];
  });
  const tables: ScoreTable[] = scores.map(({ name, stages }) => ({
    title: `${name} accuracy`,
    protocol: protocolOf(name, evaluation),
    columns: STAGE_NAMES,
    rows: [{ name: '%', values: STAGES.map((stage) => percent(stages[stage])) }],
  }));
  const purities = puritiesOf(summary?.['purities']);
  if (purities.length > 0) {
    tables.push({
      title: 'cluster purity',
      protocol: 'share of training images whose class is the commonest of their cluster, in %',
      columns: ['purity'],
      rows: purities,
    });
  }
  const skipped = skippedTable(run);
  return [...tables, ...(extras?.tables ?? []), ...(skipped ? [skipped] : [])];
}

/** Everything of the configuration that bears on one score, as one line. */
function protocolOf(name: string, evaluation: JsonObject): string {
  const shared = ['features', 'trainLimit', 'testLimit'].filter((key) => key in evaluation);
  const settings = [
    ...shared.map((key) => `${key} ${textOf(evaluation[key])}`),
    ...Object.entries(objectOf(evaluation[name]) ?? {}).map(([key, value]) => `${key} ${textOf(value)}`),
  ];
  return ['on held-out images', ...settings].join(', ');
}

function puritiesOf(value: JsonValue | undefined): ScoreRow[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: JsonValue) => {
    const { k, purity } = objectOf(item) ?? {};
    return typeof k === 'number' ? [{ name: `k = ${k}`, values: [percent(purity)] }] : [];
  });
}

function percent(share: JsonValue | undefined): string | null {
  return typeof share === 'number' ? (100 * share).toFixed(2) : null;
}
