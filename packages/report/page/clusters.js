const TILE = 40;
const SMALL_TILE = 28;

/** @param {ExtrasView} extras @param {readonly ClusterMontage[]} montages */
function montagePanel({ name, thumbnails }, montages) {
  const granularities = [...new Set(montages.map(({ k }) => k))];
  const place = element('div', { class: 'scrolled' });
  /** @param {string} label @param {readonly number[]} images */
  const members = (label, images) =>
    images.length === 0
      ? []
      : [element('span', { class: 'faint' }, [label]), thumbnailRow(thumbnails, images, TILE)];
  /** @param {number | undefined} chosen */
  const show = (chosen) =>
    place.replaceChildren(
      ...montages
        .filter(({ k }) => k === chosen)
        .map(({ cluster, size, topClass, nearest, random }) =>
          element('div', { class: 'montage' }, [
            element('div', { class: 'faint' }, [
              `prototype ${cluster}, ${size} images${topClass ? `, ${(100 * topClass.share).toFixed(0)}% ${topClass.name}` : ''}`,
            ]),
            ...members('nearest', nearest),
            ...members('at random', random),
          ]),
        ),
    );
  show(granularities[0]);
  const options = granularities.map((k) => `${k} prototypes`);
  return panel(name, [
    element('div', { class: 'faint' }, [
      'the images nearest to the centroid of each cluster, the nearest first, and images drawn at random from all of it',
    ]),
    choice('granularity', options, (index) => show(granularities[index])),
    place,
  ]);
}

/** @param {ExtrasView} extras @param {readonly PrototypeNode[]} tree */
function treePanel({ name, thumbnails }, tree) {
  return panel(name, [
    element('div', { class: 'faint' }, [
      'each prototype with the finer ones that it is split into, and the images nearest to its centroid, the nearest first',
    ]),
    element(
      'div',
      { class: 'scrolled' },
      tree.map((node) => treeNode(thumbnails, node)),
    ),
  ]);
}

/** Its branches are made when it is opened. @param {SpriteSheet | undefined} sheet @param {PrototypeNode} node @returns {HTMLElement} */
function treeNode(sheet, { name, size, nearest = [], children = [] }) {
  const head = [`${name} (${size}) `, thumbnailRow(sheet, nearest, SMALL_TILE)];
  if (children.length === 0) return element('div', { class: 'leaf' }, head);
  const made = element('details', {}, [element('summary', {}, head)]);
  made.addEventListener('toggle', () => made.append(...children.map((child) => treeNode(sheet, child))), {
    once: true,
  });
  return made;
}

/** @param {ExtrasView} extras @param {readonly Retrieval[]} retrievals */
function retrievalPanel({ name, thumbnails }, retrievals) {
  const rows = retrievals.map(({ query, neighbours }) => {
    const nearest = thumbnailRow(
      thumbnails,
      neighbours.map((image) => image.thumbnail),
      TILE,
      (at) => `${neighbours[at]?.className ?? ''} ${neighbours[at]?.similarity.toFixed(3) ?? ''}`.trim(),
    );
    if (query.className !== undefined) {
      for (const [at, tile] of [...nearest.children].entries()) {
        const isSame = neighbours[at]?.className === query.className;
        /** @type {HTMLElement} */ (tile).style.outline = `2px solid ${isSame ? '#59a14f' : '#e15759'}`;
      }
    }
    const asked = thumbnailRow(thumbnails, [query.thumbnail], TILE, () => query.className ?? '');
    return element('tr', {}, [
      element('td', {}, [asked, query.className ?? '']),
      element('td', {}, [nearest]),
    ]);
  });
  return panel(name, [
    element('div', { class: 'faint' }, [
      'an image, and its nearest neighbours, the nearest first; red: another class',
    ]),
    element('div', { class: 'scroll' }, [element('table', {}, rows)]),
  ]);
}

/** @param {ExtrasView} extras @param {PredictionGallery} gallery */
function galleryPanel({ name, thumbnails }, { protocol, classes }) {
  const heads = ['taken for', 'rightly', 'wrongly'].map((head) => element('th', {}, [head]));
  const rows = classes.map(({ className, truePositives, falsePositives }) =>
    element('tr', {}, [
      element('td', {}, [className]),
      element('td', {}, [thumbnailRow(thumbnails, truePositives, TILE, () => className)]),
      element('td', {}, [
        thumbnailRow(
          thumbnails,
          falsePositives.map(({ thumbnail }) => thumbnail),
          TILE,
          (at) => falsePositives[at]?.className ?? '',
        ),
      ]),
    ]),
  );
  return panel(name, [
    element('div', { class: 'faint' }, [`${protocol}; the surest first`]),
    element('div', { class: 'scroll' }, [element('table', {}, [element('tr', {}, heads), ...rows])]),
  ]);
}
