// Everything put in its place, once.
function fact(value) {
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? formatted(value) : String(Number(value.toPrecision(3)));
}

function showFacts() {
  byId('title').textContent = data.title;
  for (const [name, value] of data.facts.filter(([, known]) => known !== null)) {
    byId('facts').append(element('div', {}, element('dt', { text: name }), element('dd', { text: fact(value) })));
  }
}

function showNotes() {
  const pictures = Object.keys(thumbnails).length;
  const unplaced = numImages - placed.length;
  const notes = [
    data.total === 0 ? 'There are no images to show.' : null,
    data.total > 0 && data.rowStep !== null ? 'There is no map yet: the images lie in rows, in order of their groups.' : null,
    unplaced ? `${plural(unplaced, 'image')} not on the map; see the groups below.` : null,
    pictures < numImages
      ? `${formatted(pictures)} of ${plural(data.total, 'image')} can be seen in this page; the others are dots.` : null,
    numImages < data.total ? `${formatted(data.total - numImages)} have been left out.` : null,
  ].filter((note) => note !== null);
  byId('map-note').textContent = notes.join(' ');
  byId('map-note').hidden = notes.length === 0;
  canvas.setAttribute('aria-label', `Map of ${plural(placed.length, 'image')} in ${plural(data.groups.filter((group) => group.number >= 0).length, 'group')}. `
    + 'Arrow keys move, plus and minus zoom, 0 shows all, Enter opens the image nearest to the middle.');
}

function showFigures() {
  for (const { title, alt, src } of data.figures) {
    byId('figures').append(element('h2', { text: title }), element('img', { src, alt, class: 'figure', loading: 'lazy' }));
  }
}

function tableOf(header, lines, label) {
  const rows = lines.map((line) => element('tr', {}, ...line.map((text) => element('td', { text }))));
  const head = element('tr', {}, ...header.map((text) => element('th', { scope: 'col', text })));
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
}

function showTables() {
  for (const { title, header, rows } of data.tables) {
    byId('figures').append(element('h2', { text: title }), tableOf(header, rows, title));
  }
}

function showProblems() {
  if (!data.totalProblems) return;
  const hidden = data.totalProblems - data.problems.length;
  byId('problems').append(
    element('h2', {}, 'Problems', element('span', { class: 'count', text: plural(data.totalProblems, 'file') })),
    tableOf(['file', 'problem', 'detail'], data.problems, 'Files with problems'));
  if (hidden) byId('problems').append(element('p', { class: 'note', text: `${plural(hidden, 'file')} more: see problems.csv.` }));
}

showFacts();
showGroups();
showNotes();
showTables();
showFigures();
showProblems();
keepInReach();
new ResizeObserver(resize).observe(canvas);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
