import { createRequire } from 'node:module';

import type { EChartsOption } from 'echarts';
import type * as EChartsModule from 'echarts';

import type { Figure } from './figure.js';

const WIDTH = 800;
const LEGEND_WIDTH = WIDTH - 40;
/** Of a line of a legend, and of the sign of one of its entries. */
const [LEGEND_LINE, SIGN_WIDTH] = [26, 30];

/** A figure as an SVG document, 800 units wide, on white. */
export function drawSvg({ option, aspect = 0.6, title }: Figure): string {
  // The CommonJS build: the other one has imports that Node does not resolve.
  const echarts = createRequire(import.meta.url)('echarts') as typeof EChartsModule;
  const { legend, grid, lines } = wholeLegend(option);
  const height = Math.round(WIDTH * aspect) + (lines - 1) * LEGEND_LINE;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      backgroundColor: '#fff',
      ...option,
      title: { text: title, left: 'center', top: 4, textStyle: { fontSize: 14 } },
      ...(legend && { legend }),
      ...(grid && { grid: { ...grid, top: 40 } }),
    } as EChartsOption);
    return renumbered(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** ECharts numbers styles and clips on from one picture to the next; the same figure is to be the same file. */
function renumbered(svg: string): string {
  const names = new Map<string, string>();
  return svg.replaceAll(/(?<=[".#])zr\d+-(?=c(?:ls-)?\d)[\w-]+/g, (name) => {
    const own = names.get(name) ?? `zr-${names.size}`;
    names.set(name, own);
    return own;
  });
}

/** The legend with all of its entries, in as many lines as they take: nobody can scroll a file. */
function wholeLegend(option: Figure['option']) {
  const { legend, grid, series } = option as {
    readonly legend?: { readonly itemGap: number };
    readonly grid?: { readonly bottom: number };
    readonly series: readonly { readonly name?: string }[];
  };
  if (legend === undefined || grid === undefined) return { legend, grid, lines: 1 };
  const names = series.map(({ name = '' }) => name);
  const longest = names.reduce((most, { length }) => Math.max(most, length), 0);
  // Whoever opens the file may have a wider font than ECharts measures by, which takes these to be wide.
  const reserve = '\u00a0'.repeat(Math.ceil(longest / 12));
  let lines = 1;
  let used = 0;
  for (const name of names) {
    const entry = SIGN_WIDTH + measuredWidth(name + reserve) + legend.itemGap;
    if (used > 0 && used + entry > LEGEND_WIDTH) {
      lines += 1;
      used = 0;
    }
    used += entry;
  }
  return {
    legend: {
      ...legend,
      type: 'plain',
      width: LEGEND_WIDTH,
      formatter: `{name}${reserve}`,
    },
    grid: { ...grid, bottom: grid.bottom + (lines - 1) * LEGEND_LINE },
    lines,
  };
}

/** As ECharts measures texts of 12 pixels without a browser, and rather more. */
function measuredWidth(text: string): number {
  const wide = text.replaceAll(/[ -~]/g, '').length;
  return 6.5 * (text.length - wide) + 12 * wide;
}
