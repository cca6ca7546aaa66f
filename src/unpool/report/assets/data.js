// What the page shows, and the small helpers that everything else uses.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read('data');
const thumbnails = read('thumbnails');
const numImages = data.path.length;
const byId = (id) => document.getElementById(id);
const formatted = (number) => number.toLocaleString('en');
const plural = (number, word) => `${formatted(number)} ${word}${number === 1 ? '' : 's'}`;

// The group of each image, as its place in data.groups.
const groupOf = new Int32Array(numImages);
data.groups.forEach((group, place) => group.members.forEach((image) => { groupOf[image] = place; }));

// File names are strangers' words: they become text or attributes, never markup.
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'colour') made.style.setProperty('--colour', value);
    else if (name === 'text') made.textContent = value;
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const thumbnailUrl = (image) => (thumbnails[image] ? `data:image/webp;base64,${thumbnails[image]}` : null);

// Only a page opened from disk may look beside itself for the originals.
function originalUrl(image) {
  if (data.originals === null || location.protocol !== 'file:') return null;
  try {
    const path = data.path[image].split('/').map(encodeURIComponent).join('/');
    return `${data.originals}/${path}`;
  } catch {
    return null; // a file name that is no Unicode
  }
}

// A very small image is shown with its pixels as squares, not as a blur.
function crisp(img) {
  const mark = () => img.classList.toggle('crisp', img.naturalWidth > 0 && Math.max(img.naturalWidth, img.naturalHeight) <= 48);
  img.addEventListener('load', mark);
  return img;
}

function picture(image, properties = {}) {
  const src = thumbnailUrl(image);
  if (src === null) return element('span', { class: 'absent', role: 'img', 'aria-label': data.path[image] });
  return crisp(element('img', { src, alt: data.path[image], decoding: 'async', ...properties }));
}

function describe(image) {
  const group = data.groups[groupOf[image]];
  const probability = data.probability[image];
  const sure = probability === null || group.number < 0 ? '' : ` · ${Math.round(100 * probability)} % sure`;
  return group.name + sure;
}
