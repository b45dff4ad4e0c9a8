import { createRequire } from 'node:module';

import type { EChartsOption } from 'echarts';
import type * as EChartsModule from 'echarts';

import type { Figure } from './figure.js';

const WIDTH = 800;

/** A figure as an SVG document, 800 units wide, on white. */
export function drawSvg({ option, aspect = 0.6, title }: Figure): string {
  // The CommonJS build: the other one has imports that Node does not resolve.
  const echarts = createRequire(import.meta.url)('echarts') as typeof EChartsModule;
  const height = Math.round(WIDTH * aspect);
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      backgroundColor: '#fff',
      ...option,
      title: { text: title, left: 'center', top: 0, textStyle: { fontSize: 14 } },
      ...(isFramed(option['grid']) && { grid: { ...option['grid'], top: 36 } }),
    } as EChartsOption);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function isFramed(grid: unknown): grid is object {
  return typeof grid === 'object' && grid !== null;
}
