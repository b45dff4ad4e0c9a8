/** @param {readonly RunView[]} runs */
function statusColumns(runs) {
  return runs.map((run) => {
    const bar = element(
      'progress',
      run.progress === null ? { max: '1' } : { max: '1', value: String(run.progress) },
    );
    return panel(run.name, [element('div', { class: 'status' }, [run.status]), bar]);
  });
}

/** @param {readonly RunView[]} runs */
function scoreColumns(runs) {
  return runs
    .filter(({ tables }) => tables.length > 0)
    .map(({ name, tables }) => panel(name, tables.flatMap(scoreTable)));
}

/** What concerns all runs, over the whole width. @param {readonly ScoreTable[]} tables */
function overviewPanels(tables) {
  return tables.map((scores) => panel(null, scoreTable(scores)));
}

/** @param {ScoreTable} scores */
function scoreTable({ title, protocol, columns, rows }) {
  return [
    element('h3', {}, [title]),
    table(
      ['', ...columns],
      rows.map(({ name, values }) => [
        name,
        ...values.map((value) => (value === null ? '-' : String(value))),
      ]),
    ),
    element('div', { class: 'faint' }, [protocol]),
  ];
}

/** @param {readonly RunView[]} runs */
function environmentColumns(runs) {
  return runs.map(({ name, environment }) => panel(name, [table(['', ''], environment)]));
}

/** Every setting, a column for each run; settings that differ are marked. @param {readonly RunView[]} runs */
function configTable(runs) {
  const settings = runs.map(({ config }) => new Map(config));
  const names = [...new Set(settings.flatMap((each) => [...each.keys()]))];
  const rows = names.map((name) => [name, ...settings.map((each) => each.get(name) ?? '-')]);
  const made = table(['setting', ...runs.map(({ name }) => name)], rows);
  for (const [index, line] of [...made.querySelectorAll('tr')].entries()) {
    const values = rows[index - 1]?.slice(1) ?? [];
    if (new Set(values).size > 1) line.classList.add('differs');
  }
  return panel(null, [made]);
}

/** @param {readonly RunView[]} runs */
function messageColumns(runs) {
  return runs
    .filter(({ messages }) => messages.length > 0)
    .map(({ name, messages }) =>
      panel(name, [
        element('div', { class: 'scrolled' }, [
          table(
            ['time', 'kind', 'text'],
            messages.map(({ time, kind, text }) => [time.replace(/\..*$/, '').replace('T', ' '), kind, text]),
          ),
        ]),
      ]),
    );
}
