// Moving about the map: by mouse, by fingers, by keys.
const card = byId('card');
const fingers = new Map();
let travelled = 0;

function point(event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function mark(image, at = null) {
  if (image !== marked) {
    marked = image;
    redraw();
    if (image !== null) {
      const path = element('p', { class: 'path', text: data.path[image] });
      card.replaceChildren(picture(image, { alt: '' }), path, element('p', { text: describe(image) }));
    }
  }
  canvas.classList.toggle('over', image !== null);
  card.hidden = image === null;
  if (image !== null) placeCard(...(at ?? toScreen(image)));
}

function placeCard(x, y) {
  const left = x + 20 + card.offsetWidth > view.width ? x - 20 - card.offsetWidth : x + 20;
  const top = Math.min(Math.max(8, y - card.offsetHeight / 2), view.height - card.offsetHeight - 8);
  card.style.left = `${Math.max(8, left)}px`;
  card.style.top = `${Math.max(8, top)}px`;
}

canvas.addEventListener('pointerdown', (event) => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, point(event));
  if (fingers.size === 1) travelled = 0;
});

canvas.addEventListener('pointermove', (event) => {
  const now = point(event);
  const before = fingers.get(event.pointerId);
  if (!before) {
    if (event.pointerType === 'mouse') mark(imageAt(...now), now);
    return;
  }
  travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
  const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  if (others.length) {
    const apart = (at) => Math.max(20, Math.hypot(at[0] - others[0][0], at[1] - others[0][1]));
    zoomBy(apart(now) / apart(before), (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
  }
  const share = others.length ? 0.5 : 1;
  if (travelled > 4) {
    panBy(share * (now[0] - before[0]), share * (now[1] - before[1]));
    mark(null);
  }
  fingers.set(event.pointerId, now);
});

canvas.addEventListener('pointerup', (event) => {
  const only = fingers.size === 1 && fingers.delete(event.pointerId);
  fingers.delete(event.pointerId);
  if (!only || travelled > 4) return;
  const image = imageAt(...point(event), event.pointerType === 'mouse' ? 9 : 20);
  if (image !== null) openDialog(image);
});
canvas.addEventListener('pointercancel', (event) => fingers.delete(event.pointerId));
canvas.addEventListener('pointerleave', () => mark(null));

canvas.addEventListener('wheel', (event) => {
  // When all is in sight already, rolling back goes on down the page.
  if (view.zoom === 1 && event.deltaY > 0) return;
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 20 : 1;
  zoomBy(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.0022), ...point(event));
  mark(null);
}, { passive: false });
canvas.addEventListener('dblclick', (event) => event.preventDefault());

function markMiddle() {
  const image = nearestTo(view.x, view.y, 1)[0] ?? null;
  mark(image);
  if (image !== null) byId('spoken').textContent = `${data.path[image]}, ${describe(image)}`;
}

const keys = {
  '+': () => zoomBy(1.5), '=': () => zoomBy(1.5), '-': () => zoomBy(1 / 1.5), 0: showAll,
  ArrowLeft: () => panBy(60, 0), ArrowRight: () => panBy(-60, 0),
  ArrowUp: () => panBy(0, 60), ArrowDown: () => panBy(0, -60),
  Enter: () => { const image = marked ?? nearestTo(view.x, view.y, 1)[0]; if (image !== undefined) openDialog(image); },
  Escape: () => { mark(null); if (chosenGroup !== null) chooseGroup(null); },
};
canvas.addEventListener('keydown', (event) => {
  if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
  if (event.key !== 'Enter' && event.key !== 'Escape') markMiddle();
});
canvas.addEventListener('blur', () => mark(null));

byId('zoom-in').addEventListener('click', () => zoomBy(1.6));
byId('zoom-out').addEventListener('click', () => zoomBy(1 / 1.6));
byId('zoom-fit').addEventListener('click', showAll);
