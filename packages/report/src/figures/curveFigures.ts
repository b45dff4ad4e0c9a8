import type { ReportInput } from '../reportInput.js';
import { SERIES_GROUPS, seriesOfLog, thinned, type Series } from '../series/runSeries.js';
import { figureOf, frameOf, rounded, slug, type Figure } from './figure.js';

/** More points than this are more than a screen has pixels for. */
const LONGEST_SERIES = 4000;

/** Figures of every number that the runs have logged, the same number of several runs in one figure. */
export function curveFigures(runs: readonly Pick<ReportInput, 'name' | 'log'>[]): Figure[] {
  const figures = new Map<string, { group: Series['group']; title: string; curves: Curve[] }>();
  for (const [run, { name: runName, log }] of runs.entries()) {
    for (const series of seriesOfLog(log)) {
      const [, title, granularity] = /^(.*)@(\d+)$/.exec(series.name) ?? [undefined, series.name, undefined];
      const key = `${series.group}\n${title}`;
      const figure = figures.get(key) ?? { group: series.group, title: title, curves: [] };
      figures.set(key, figure);
      const names = [runs.length > 1 && runName, granularity !== undefined && `k = ${granularity}`];
      figure.curves.push({
        name: names.filter((part) => part !== false).join(', ') || title,
        run,
        points: thinned(series.points, LONGEST_SERIES).map(([x, y]) => [rounded(x), rounded(y)]),
      });
    }
  }
  const used = new Set<string>();
  return [...figures.values()]
    .sort((a, b) => SERIES_GROUPS.indexOf(a.group) - SERIES_GROUPS.indexOf(b.group))
    .map(({ group, title, curves }) =>
      figureOf({
        id: unique(slug(`${group}-${title}`), used),
        title,
        group,
        option: curveOption(curves),
      }),
    );
}

interface Curve {
  readonly name: string;
  readonly run: number;
  readonly points: readonly (readonly [number, number])[];
}

function curveOption(curves: readonly Curve[]): Figure['option'] {
  return {
    ...frameOf(curves.length > 1),
    tooltip: { trigger: 'axis', confine: true },
    // From 0 to a round number, so that all figures of a run have its whole course.
    xAxis: { type: 'value', name: 'epochs', nameLocation: 'middle', nameGap: 24 },
    yAxis: { type: 'value', scale: true },
    series: curves.map(({ name, points }) => ({
      type: 'line',
      name,
      data: points,
      showSymbol: points.length < 40,
      symbolSize: 5,
      sampling: 'lttb',
      lineStyle: { width: 1.5 },
    })),
  };
}

function unique(id: string, used: Set<string>): string {
  let free = id;
  for (let attempt = 2; used.has(free); attempt++) free = `${id}-${attempt}`;
  used.add(free);
  return free;
}
