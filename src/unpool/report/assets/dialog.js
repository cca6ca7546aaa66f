// One image, large, with what is known about it and its neighbours on the map.
const dialog = byId('dialog');
let opened = null;

function openDialog(image) {
  opened = image;
  mark(null);
  const close = element('button', { type: 'button', class: 'close', 'aria-label': 'Close', text: '×', onclick: () => dialog.close() });
  dialog.replaceChildren(close, largePicture(image), element('div', { class: 'about' }, ...about(image)));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

// The thumbnail at once; the original takes its place if it is still where it was.
function largePicture(image) {
  const frame = element('div', { class: 'large' }, picture(image));
  const src = originalUrl(image);
  if (src === null) return frame;
  const original = new Image();
  original.alt = data.path[image];
  original.addEventListener('load', () => frame.replaceChildren(crisp(original)));
  original.src = src;
  return frame;
}

function about(image) {
  const group = data.groups[groupOf[image]];
  const rows = [
    ['group', describe(image)],
    ['label', data.label?.[image]],
    ['size', data.width[image] === null ? null : `${data.width[image]} × ${data.height[image]} pixels`],
    ['outlier score', data.outlier_score?.[image]],
    ['id', data.id?.[image]],
  ].filter(([, value]) => value !== null && value !== undefined);
  const list = element('dl', { class: 'known' });
  for (const [name, value] of rows) list.append(element('dt', { text: name }), element('dd', { text: value }));
  const show = element('button', { type: 'button', text: `Show ${group.name} on the map`, onclick: () => {
    dialog.close();
    chooseGroup(groupOf[image]);
    byId('title').scrollIntoView();
  } });
  return [element('h2', { id: 'dialog-title', text: data.path[image] }), list, ...neighbours(image), element('p', {}, step(-1), step(1), show)];
}

function neighbours(image) {
  if (data.rowStep !== null || data.x[image] === null) return [];
  const before = chosenGroup;
  chosenGroup = null;
  const near = nearestTo(data.x[image], data.y[image], 13).filter((other) => other !== image && thumbnails[other]).slice(0, 8);
  chosenGroup = before;
  if (!near.length) return [];
  return [element('h3', { text: 'Nearest on the map' }), element('div', { class: 'strip' }, ...near.map(tile))];
}

function step(by) {
  const [text, name] = by < 0 ? ['←', 'Previous image of the group'] : ['→', 'Next image of the group'];
  return element('button', { type: 'button', text, 'aria-label': name, title: name, onclick: () => go(by) });
}

function go(by) {
  const { members } = data.groups[groupOf[opened]];
  openDialog(members[(members.indexOf(opened) + by + members.length) % members.length]);
}

dialog.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowLeft') go(-1);
  if (event.key === 'ArrowRight') go(1);
});
dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
