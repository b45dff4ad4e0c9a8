/** More classes than this are chosen from a list. */
const MOST_CHIPS = 40;

/**
 * The points of an embedding: coloured by class or by prototype, filtered by class, with the image
 * of the point under the pointer.
 *
 * @param {ExtrasView} extras
 * @param {EmbeddingView} view
 * @param {readonly string[]} palette
 */
function embeddingPanel(extras, view, palette) {
  const { labels, classNames = [], prototypes = [] } = view;
  /** @type {{ name: string, of: readonly number[] | undefined }[]} */
  const colourings = [
    ...(labels ? [{ name: 'colour: class', of: labels }] : []),
    ...prototypes.map(({ k, assignments }) => ({ name: `colour: prototype of ${k}`, of: assignments })),
  ];
  if (colourings.length === 0) colourings.push({ name: 'one colour', of: undefined });
  let colouring = colourings[0];
  let shown = new Set(classNames.keys());
  /** The points of each series, in its order. @type {{ colour: string, points: number[] }[]} */
  let groups = [];
  /** @type {Chart | undefined} */
  let current;

  /** @param {Chart} chart */
  const draw = (chart) => {
    current = chart;
    const coloured = palette.map((colour) => ({ colour, points: /** @type {number[]} */ ([]) }));
    for (let point = 0; point < view.x.length; point++) {
      if (labels && classNames.length > 0 && !shown.has(labels[point] ?? -1)) continue;
      const value = colouring?.of?.[point] ?? 0;
      if (value >= 0) coloured[value % palette.length]?.points.push(point);
    }
    groups = coloured.filter(({ points }) => points.length > 0);
    place.dataset['points'] = String(groups.reduce((sum, { points }) => sum + points.length, 0));
    chart.setOption(
      {
        backgroundColor: 'transparent',
        animation: false,
        grid: { left: 8, right: 8, top: 8, bottom: 8 },
        tooltip: {
          trigger: 'item',
          confine: true,
          transitionDuration: 0,
          hideDelay: 0,
          formatter: (/** @type {any} */ at) => describePoint(groups[at.seriesIndex]?.points[at.dataIndex]),
        },
        xAxis: axis(view.x),
        yAxis: axis(view.y),
        dataZoom: [
          { type: 'inside', xAxisIndex: 0, filterMode: 'none', throttle: 0 },
          { type: 'inside', yAxisIndex: 0, filterMode: 'none', throttle: 0 },
        ],
        series: groups.map(({ colour, points }) => ({
          type: 'scatter',
          // One path for each colour rather than one object for each point, all of it in a frame.
          symbolSize: (extras.pointSize ?? 4) * Math.min(1, Math.sqrt(chart.getWidth() / 800)),
          large: true,
          largeThreshold: 0,
          progressive: 0,
          dimensions: ['x', 'y'],
          data: flatPoints(view, points),
          itemStyle: { color: colour, opacity: 0.8 },
        })),
      },
      { notMerge: false, replaceMerge: ['series'] },
    );
  };

  /** @param {number | undefined} point */
  const describePoint = (point) => {
    if (point === undefined) return '';
    const name = labels ? (classNames[labels[point] ?? -1] ?? `class ${labels[point]}`) : `point ${point}`;
    const image = view.thumbnails?.[point];
    const clusters = prototypes.map(({ k, assignments }) => `prototype ${assignments[point]} of ${k}`);
    const made = element('div', { class: 'point' }, [
      element('b', {}, [name]),
      ...clusters.map((line) => element('div', {}, [line])),
    ]);
    if (extras.thumbnails && image !== undefined) made.prepend(thumbnail(extras.thumbnails, image, 96, name));
    return made;
  };

  const place = chartElement(draw, 0.9);
  place.dataset['embedding'] = extras.name;
  const redraw = () => {
    if (current && !current.isDisposed()) draw(current);
  };
  const colours = choice(
    'colour',
    colourings.map(({ name }) => name),
    (index) => {
      colouring = colourings[index];
      redraw();
    },
  );
  const filter = classFilter(labels ? classNames : [], palette, (chosen) => {
    shown = chosen;
    redraw();
  });
  const reset = element('button', { type: 'button' }, ['whole view']);
  reset.addEventListener('click', () => {
    for (const dataZoomIndex of [0, 1])
      current?.dispatchAction({ type: 'dataZoom', dataZoomIndex, start: 0, end: 100 });
  });
  return panel(extras.name, [
    element('div', { class: 'faint' }, [
      `${view.method}; ${view.x.length} points. Drag to move, wheel or pinch to zoom.`,
    ]),
    element('div', { class: 'chips' }, [colours, reset]),
    filter,
    place,
  ]);
}

/**
 * @param {readonly string[]} classNames
 * @param {readonly string[]} palette
 * @param {(shown: Set<number>) => void} onChange
 */
function classFilter(classNames, palette, onChange) {
  const place = element('div', { class: 'chips' });
  if (classNames.length === 0) return place;
  const all = new Set(classNames.keys());
  if (classNames.length > MOST_CHIPS) {
    place.append(
      choice('class', ['all classes', ...classNames], (index) =>
        onChange(index === 0 ? all : new Set([index - 1])),
      ),
    );
    return place;
  }
  let shown = new Set(all);
  const chips = classNames.map((name, index) => {
    const swatch = element('span', { class: 'swatch' });
    swatch.style.background = palette[index % palette.length] ?? '';
    const chip = element('button', { type: 'button', 'aria-pressed': 'true' }, [swatch, name]);
    chip.addEventListener('click', () => {
      // The first click on one class shows it alone; emptied, everything is shown again.
      if (shown.size === all.size) shown = new Set([index]);
      else if (!shown.delete(index)) shown.add(index);
      if (shown.size === 0) shown = new Set(all);
      for (const [at, each] of chips.entries()) each.setAttribute('aria-pressed', String(shown.has(at)));
      onChange(shown);
    });
    return chip;
  });
  place.append(...chips);
  return place;
}

/** @param {EmbeddingView} view @param {readonly number[]} points */
function flatPoints({ x, y }, points) {
  const flat = new Float32Array(2 * points.length);
  for (const [at, point] of points.entries()) {
    flat[2 * at] = x[point] ?? 0;
    flat[2 * at + 1] = y[point] ?? 0;
  }
  return flat;
}

/** The range stays that of all points, whichever are shown. @param {readonly number[]} values */
function axis(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const margin = (high - low) * 0.03 || 1;
  return { type: /** @type {const} */ ('value'), show: false, min: low - margin, max: high + margin };
}
