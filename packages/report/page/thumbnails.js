/**
 * One image of a sheet.
 *
 * @param {SpriteSheet} sheet
 * @param {number} index
 * @param {number} side of the tile on the screen, in pixels
 * @param {string} label
 */
function thumbnail(sheet, index, side, label) {
  const scale = side / Math.max(sheet.width, sheet.height);
  const rows = Math.ceil(sheet.count / sheet.columns);
  const [width, height] = [sheet.width * scale, sheet.height * scale];
  const tile = element('div', { class: 'tile', role: 'img', 'aria-label': label, title: label });
  Object.assign(tile.style, {
    width: `${width}px`,
    height: `${height}px`,
    backgroundImage: `url("${pictureUrl(sheet)}")`,
    backgroundSize: `${sheet.columns * width}px ${rows * height}px`,
    backgroundPosition: `${-(index % sheet.columns) * width}px ${-Math.floor(index / sheet.columns) * height}px`,
  });
  return tile;
}

/** @param {SpriteSheet} sheet */
function pictureUrl({ dataUri }) {
  // Anything else would be fetched, or end the style that it stands in.
  return /^data:image\/(?:jpeg|png);base64,[A-Za-z0-9+/=]+$/.test(dataUri) ? dataUri : 'data:,';
}

/**
 * @param {SpriteSheet | undefined} sheet
 * @param {readonly number[]} indices
 * @param {number} side
 * @param {(position: number) => string} [label]
 */
function thumbnailRow(sheet, indices, side, label = () => '') {
  const tiles =
    sheet === undefined ? [] : indices.map((index, at) => thumbnail(sheet, index, side, label(at)));
  return element('div', { class: 'tiles' }, tiles);
}
