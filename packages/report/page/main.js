/** @type {PageData} */
let data = JSON.parse(document.getElementById('data')?.textContent ?? '');
const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const links = /** @type {HTMLElement} */ (document.getElementById('sections'));

/**
 * What of the data a section shows, and how.
 *
 * @typedef {{ id: string, title: string, shows: () => unknown, make: () => readonly HTMLElement[], wide?: boolean }} Section
 */

/**
 * A section with a panel for each run that has something to show in it.
 *
 * @template T
 * @param {string} id
 * @param {string} title
 * @param {(extras: ExtrasView) => T | undefined} part
 * @param {(extras: ExtrasView, part: T) => HTMLElement} make
 * @returns {Section}
 */
function extrasSection(id, title, part, make) {
  const shown = () =>
    data.extras.flatMap((extras) => {
      const value = part(extras);
      return value === undefined ? [] : [{ extras, value }];
    });
  return {
    id,
    title,
    shows: () => shown().map(({ value }) => value),
    make: () => shown().map(({ extras, value }) => make(extras, value)),
  };
}

/** @type {readonly Section[]} */
const sections = [
  {
    id: 'overview',
    title: 'Comparison',
    shows: () => data.overview,
    make: () => overviewPanels(data.overview),
    wide: true,
  },
  {
    id: 'status',
    title: 'Runs',
    shows: () => data.runs.map(({ name, status, progress }) => [name, status, progress]),
    make: () => statusColumns(data.runs),
  },
  {
    id: 'scores',
    title: 'Scores',
    shows: () => data.runs.map(({ tables }) => tables),
    make: () => scoreColumns(data.runs),
  },
  { id: 'curves', title: 'Curves', shows: () => data.curves, make: curveGroups, wide: true },
  extrasSection(
    'embedding',
    'Embedding',
    ({ embedding }) => embedding,
    (extras, view) => embeddingPanel(extras, view, data.palette),
  ),
  extrasSection('clusters', 'Clusters', ({ montages }) => montages, montagePanel),
  extrasSection('tree', 'Prototype tree', ({ tree }) => tree, treePanel),
  extrasSection('retrievals', 'Retrievals', ({ retrievals }) => retrievals, retrievalPanel),
  extrasSection('gallery', 'Surest predictions', ({ gallery }) => gallery, galleryPanel),
  extrasSection(
    'concentration',
    'Concentration',
    ({ concentration }) => concentration,
    (_, figure) => figurePanel(figure),
  ),
  extrasSection(
    'confusion',
    'Confusion',
    ({ confusion }) => confusion,
    (_, figure) => figurePanel(figure),
  ),
  {
    id: 'config',
    title: 'Configuration',
    shows: () => data.runs.map(({ config }) => config),
    make: () => [configTable(data.runs)],
  },
  {
    id: 'environment',
    title: 'Environment',
    shows: () => data.runs.map(({ environment }) => environment),
    make: () => environmentColumns(data.runs),
  },
  {
    id: 'messages',
    title: 'Messages',
    shows: () => data.runs.map(({ messages }) => messages),
    make: () => messageColumns(data.runs),
  },
];

function curveGroups() {
  const groups = [...new Set(data.curves.map(({ group }) => group ?? ''))];
  return groups.map((group) =>
    element('div', {}, [
      element('h3', {}, [group]),
      element(
        'div',
        { class: 'grid' },
        data.curves.filter((figure) => (figure.group ?? '') === group).map(figurePanel),
      ),
    ]),
  );
}

/** What each section showed when it was made. @type {Map<string, string>} */
const shownParts = new Map();

/** Makes the sections whose data have changed. */
function show() {
  for (const section of sections) {
    const part = JSON.stringify(section.shows());
    if (shownParts.get(section.id) === part) continue;
    const before = shownParts.get(section.id);
    shownParts.set(section.id, part);
    if (section.id === 'curves' && before !== undefined && updateCurves()) continue;
    const place = document.getElementById(section.id);
    const panels = section.make();
    if (place === null) continue;
    place.hidden = panels.length === 0;
    place.replaceChildren(
      element('h2', {}, [section.title]),
      element('div', { class: section.wide === true ? 'wide' : 'columns' }, panels),
    );
    const link = links.querySelector(`[href="#${section.id}"]`);
    if (link instanceof HTMLElement) link.hidden = place.hidden;
  }
  dropCharts();
}

/** Draws longer curves where they are. @returns {boolean} false if there are others than before */
function updateCurves() {
  const places = [...document.querySelectorAll('#curves [data-figure]')];
  const isSame =
    places.length === data.curves.length &&
    data.curves.every(({ id }, at) => /** @type {HTMLElement} */ (places[at]).dataset['figure'] === id);
  if (!isSame) return false;
  for (const [at, figure] of data.curves.entries()) {
    const place = /** @type {HTMLElement} */ (places[at]);
    /** @param {Chart} chart */
    const draw = (chart) => chart.setOption(optionOf(figure));
    if (waiting.has(place)) waiting.set(place, draw);
    const drawn = charts.get(place);
    if (drawn === undefined) continue;
    drawn.draw = draw;
    draw(drawn.chart);
  }
  return true;
}

main.replaceChildren(...sections.map(({ id }) => element('section', { id })));
links.replaceChildren(...sections.map(({ id, title }) => element('a', { href: `#${id}` }, [title])));
show();
followTheme(redrawCharts);
if (data.live) {
  followRun((part) => {
    data = { ...data, ...part };
    show();
  });
}
