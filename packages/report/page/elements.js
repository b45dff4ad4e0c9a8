/**
 * An element with text and elements in it. Names that come from data are only ever set as text, so
 * that none of them can be markup.
 *
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {readonly (Node | string)[]} [children]
 */
function element(tag, attributes, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {string | null} title
 * @param {readonly (Node | string)[]} children
 */
function panel(title, children) {
  return element(
    'div',
    { class: 'panel' },
    title === null ? children : [element('h3', {}, [title]), ...children],
  );
}

/** Cells up to this length are not broken, rather the table is scrolled. */
const LONGEST_WORD = 24;

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function table(head, rows) {
  /** @param {string} tag @param {readonly string[]} cells */
  const line = (tag, cells) =>
    element(
      'tr',
      {},
      cells.map((cell) => element(tag, cell.length <= LONGEST_WORD ? { class: 'whole' } : {}, [cell])),
    );
  return element('div', { class: 'scroll' }, [
    element('table', {}, [line('th', head), ...rows.map((row) => line('td', row))]),
  ]);
}

/**
 * A choice of one of several.
 *
 * @param {string} label
 * @param {readonly string[]} options
 * @param {(index: number) => void} onChange
 */
function choice(label, options, onChange) {
  const select = document.createElement('select');
  select.setAttribute('aria-label', label);
  for (const option of options) select.append(element('option', {}, [option]));
  select.addEventListener('change', () => onChange(select.selectedIndex));
  return select;
}
