/** @type {Map<HTMLElement, { chart: Chart, draw: (chart: Chart) => void }>} */
const charts = new Map();

/** A chart is made when it comes near the screen: a report may have dozens. */
const nearby = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      const pending = waiting.get(target);
      if (!isIntersecting || pending === undefined) continue;
      waiting.delete(target);
      nearby.unobserve(target);
      startChart(/** @type {HTMLElement} */ (target), pending);
    }
  },
  { rootMargin: '400px' },
);

/** @type {Map<Element, (chart: Chart) => void>} */
const waiting = new Map();

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) charts.get(/** @type {HTMLElement} */ (target))?.chart.resize();
});

/**
 * An element with a chart in it.
 *
 * @param {(chart: Chart) => void} draw sets the chart's option; called again when the colours change
 * @param {number} [aspect] height over width
 */
function chartElement(draw, aspect = 0.6) {
  const place = element('div', { class: 'chart' });
  place.style.aspectRatio = String(1 / aspect);
  waiting.set(place, draw);
  nearby.observe(place);
  return place;
}

/** @param {HTMLElement} place @param {(chart: Chart) => void} draw */
function startChart(place, draw) {
  const chart = echarts.init(place, isDark() ? 'dark' : null);
  charts.set(place, { chart, draw });
  sizes.observe(place);
  draw(chart);
}

/** Draws every chart anew in the colours of the moment. */
function redrawCharts() {
  for (const [place, { chart, draw }] of charts) {
    chart.dispose();
    if (place.isConnected) startChart(place, draw);
  }
}

/** Lets go of the charts that are no longer on the page. */
function dropCharts() {
  for (const [place, { chart }] of charts) {
    if (place.isConnected) continue;
    sizes.unobserve(place);
    chart.dispose();
    charts.delete(place);
  }
}

/** @param {Figure} figure */
function figurePanel(figure) {
  const place = chartElement((chart) => chart.setOption(optionOf(figure), true), figure.aspect);
  place.dataset['figure'] = figure.id;
  return panel(figure.title, [place]);
}

/** @param {Figure} figure @returns {import('echarts').EChartsOption} */
function optionOf({ option }) {
  const hasSeries = /** @type {{ type: string }[]} */ (option['series']).some(({ type }) => type === 'line');
  // On a touch screen a finger on a chart scrolls the page.
  const zooms = hasSeries && matchMedia('(pointer: fine)').matches;
  return {
    backgroundColor: 'transparent',
    ...option,
    ...(zooms && { dataZoom: [{ type: 'inside', zoomOnMouseWheel: 'shift', filterMode: 'none' }] }),
  };
}
