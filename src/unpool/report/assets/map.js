// The map: dots for all images, pictures for as many as there is room for, more of them the closer one looks.
const canvas = byId('map');
const context = canvas.getContext('2d');
const loaded = new Map();
const placed = [...data.x.keys()].filter((image) => data.x[image] !== null);
const pictured = placed.filter((image) => thumbnails[image]).sort((a, b) => data.level[b] - data.level[a]);
const extent = ['x', 'y'].map((axis) => placed.reduce(
  ([low, high], image) => [Math.min(low, data[axis][image]), Math.max(high, data[axis][image])], [Infinity, -Infinity]));
const MAX_ZOOM = 400;
const view = { zoom: 1, x: 0, y: 0, width: 0, height: 0 };
let chosenGroup = null;
let marked = null; // the image under the pointer, or nearest to the middle when moved by keys
let drawn = [];
let waiting = false;

// The size of a picture when all is in sight: small where there are many, for they must not hide the map.
const farSide = () => Math.max(34, Math.min(96, view.width / 8, 1.2 * Math.sqrt(view.width * view.height / numImages)));
const fitScale = () => {
  const margin = farSide() + 28;
  const [width, height] = extent.map(([low, high]) => Math.max(high - low, 1e-6));
  return Math.max(1, Math.min((view.width - margin) / width, (view.height - margin) / height, 4 * view.width));
};
const scale = () => fitScale() * view.zoom;
// Without a map the images lie in rows, where all can be shown side by side.
const inRows = () => data.rowStep !== null && data.rowStep * scale() > 14;
const side = () => Math.min(128, inRows() ? 0.9 * data.rowStep * scale() : farSide() * view.zoom ** 0.45);
const toScreen = (image) => [
  (data.x[image] - view.x) * scale() + view.width / 2,
  (data.y[image] - view.y) * scale() + view.height / 2,
];
const inHighlight = (image) => chosenGroup === null || groupOf[image] === chosenGroup;

function resize() {
  const box = canvas.getBoundingClientRect();
  const density = window.devicePixelRatio || 1;
  view.width = box.width;
  view.height = box.height;
  canvas.width = Math.round(box.width * density);
  canvas.height = Math.round(box.height * density);
  context.setTransform(density, 0, 0, density, 0, 0);
  redraw();
}

function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function draw() {
  const style = getComputedStyle(canvas);
  context.clearRect(0, 0, view.width, view.height);
  drawn = [];
  const rim = style.getPropertyValue('--rim');
  const others = data.groups.filter((_, place) => chosenGroup !== null && place !== chosenGroup);
  context.globalAlpha = 0.16;
  for (const group of others) drawDots(group, rim);
  context.globalAlpha = 1;
  for (const group of data.groups) if (!others.includes(group)) drawDots(group, rim);
  drawPictures();
  drawLabels(style.getPropertyValue('--paper'));
  if (marked !== null) drawMark(style.getPropertyValue('--ink'));
}

function drawDots(group, rim) {
  const many = placed.length > 20000;
  const radius = Math.min(6, Math.max(1.6, 90 / Math.sqrt(placed.length)) * view.zoom ** 0.25);
  context.fillStyle = group.colour;
  context.strokeStyle = rim;
  context.lineWidth = 0.75;
  context.beginPath();
  const factor = scale(); // once: with many images this loop is what the eye waits for
  for (const image of group.members) {
    if (data.x[image] === null) continue;
    const x = (data.x[image] - view.x) * factor + view.width / 2;
    const y = (data.y[image] - view.y) * factor + view.height / 2;
    if (x < -9 || y < -9 || x > view.width + 9 || y > view.height + 9) continue;
    if (many) context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    else { context.moveTo(x + radius, y); context.arc(x, y, radius, 0, 7); }
  }
  context.fill();
  if (!many) context.stroke();
}

// The images up to this level do not overlap at the present scale; closest up, all are shown.
function levelNow() {
  if (view.zoom >= MAX_ZOOM || inRows()) return Infinity;
  return Math.floor(data.levels.perHalving * Math.log2(data.levels.coarsest * scale() / (side() + 3)));
}

function drawPictures() {
  const level = levelNow();
  const size = side();
  for (const image of pictured) {
    if (data.level[image] > level || !inHighlight(image)) continue;
    const [x, y] = toScreen(image);
    if (x < -size || y < -size || x > view.width + size || y > view.height + size) continue;
    const source = bitmap(image);
    if (source) drawn.push(drawPicture(source, image, x, y, size));
  }
}

function drawPicture(source, image, x, y, size) {
  const fit = size / Math.max(source.naturalWidth, source.naturalHeight);
  const width = Math.max(5, source.naturalWidth * fit);
  const height = Math.max(5, source.naturalHeight * fit);
  const box = { image, left: x - width / 2, top: y - height / 2, width, height };
  context.fillStyle = data.groups[groupOf[image]].colour;
  context.beginPath();
  context.roundRect(box.left - 2, box.top - 2, width + 4, height + 4, 3);
  context.fill();
  context.imageSmoothingEnabled = fit < 2;
  context.drawImage(source, box.left, box.top, width, height);
  return box;
}

// Decoded when first needed, and forgotten when too many others have been needed since.
function bitmap(image) {
  let source = loaded.get(image);
  if (source) loaded.delete(image);
  else {
    source = new Image();
    source.addEventListener('load', redraw);
    source.src = thumbnailUrl(image);
  }
  loaded.set(image, source);
  if (loaded.size > 2500) loaded.delete(loaded.keys().next().value);
  return source.complete && source.naturalWidth ? source : null;
}

function drawLabels(paper) {
  const taken = [];
  const groups = data.groups.filter((group) => group.number >= 0 && group.middle !== null);
  const room = groups.length > 60 ? 12 : 0;
  context.font = '600 13px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const group of groups.sort((a, b) => b.count - a.count)) {
    if (chosenGroup !== null && data.groups[chosenGroup] !== group) continue;
    const text = String(group.number);
    const [x, middle] = toScreen(group.middle);
    const box = drawn.find((candidate) => candidate.image === group.middle);
    const y = box ? box.top - 6 : middle;
    const half = Math.max(10, context.measureText(text).width / 2 + 6);
    if (taken.some((other) => Math.abs(other.x - x) < other.half + half + room && Math.abs(other.y - y) < 21 + room)) continue;
    taken.push({ x, y, half });
    context.fillStyle = paper;
    context.beginPath();
    context.roundRect(x - half - 2, y - 12, 2 * half + 4, 24, 12);
    context.fill();
    context.fillStyle = group.colour;
    context.beginPath();
    context.roundRect(x - half, y - 10, 2 * half, 20, 10);
    context.fill();
    context.fillStyle = group.ink;
    context.fillText(text, x, y + 0.5);
  }
}

function drawMark(ink) {
  const box = drawn.find((candidate) => candidate.image === marked);
  const [x, y] = toScreen(marked);
  context.strokeStyle = ink;
  context.lineWidth = 2.5;
  context.beginPath();
  if (box) context.roundRect(box.left - 3.5, box.top - 3.5, box.width + 7, box.height + 7, 4);
  else context.arc(x, y, 9, 0, 7);
  context.stroke();
}

// What is under a point: the uppermost picture, else the nearest dot within reach.
function imageAt(x, y, reach = 9) {
  for (let place = drawn.length - 1; place >= 0; place -= 1) {
    const box = drawn[place];
    if (Math.abs(x - box.left - box.width / 2) <= box.width / 2 + 2
      && Math.abs(y - box.top - box.height / 2) <= box.height / 2 + 2) return box.image;
  }
  return nearestTo((x - view.width / 2) / scale() + view.x, (y - view.height / 2) / scale() + view.y, 1, reach / scale())[0] ?? null;
}

function nearestTo(x, y, count, reach = Infinity) {
  const near = [];
  for (const image of placed) {
    if (!inHighlight(image)) continue;
    const distance = Math.hypot(data.x[image] - x, data.y[image] - y);
    if (distance > reach || (near.length === count && distance >= near[count - 1][0])) continue;
    near.push([distance, image]);
    near.sort((a, b) => a[0] - b[0]);
    near.length = Math.min(near.length, count);
  }
  return near.map(([, image]) => image);
}

function keepInReach() {
  view.zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom));
  [view.x, view.y] = ['x', 'y'].map((axis, k) => {
    const middle = (extent[k][0] + extent[k][1]) / 2;
    return view.zoom === 1 ? middle : view[axis];
  });
  if (view.zoom === 1 || !placed.length) return;
  // Never lost in the void: at least the nearest image stays in sight.
  const [nearest] = nearestTo(view.x, view.y, 1);
  for (const [axis, length] of [['x', view.width], ['y', view.height]]) {
    const reach = 0.42 * length / scale();
    view[axis] = Math.min(data[axis][nearest] + reach, Math.max(data[axis][nearest] - reach, view[axis]));
  }
}

// The point of the map under (x, y) stays where it is.
function zoomBy(factor, x = view.width / 2, y = view.height / 2) {
  const before = scale();
  view.zoom = Math.min(MAX_ZOOM, Math.max(1, view.zoom * factor));
  view.x += (x - view.width / 2) * (1 / before - 1 / scale());
  view.y += (y - view.height / 2) * (1 / before - 1 / scale());
  keepInReach();
  redraw();
}

function panBy(dx, dy) {
  view.x -= dx / scale();
  view.y -= dy / scale();
  keepInReach();
  redraw();
}

function showAll() {
  view.zoom = 1;
  keepInReach();
  redraw();
}
