// The groups: a list beside the map, and below it the images of each, most typical first.
const AT_FIRST = 36;
const PER_TURN = 120;

function tile(image) {
  const name = data.path[image];
  return element('button', { type: 'button', class: 'tile', title: name, onclick: () => openDialog(image) }, picture(image));
}

function chooseGroup(place) {
  chosenGroup = place;
  for (const button of document.querySelectorAll('[data-group]')) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.group) === place));
  }
  document.body.classList.toggle('choosing', place !== null);
  redraw();
}

function legendEntry(group, place) {
  const examples = group.members.filter((image) => thumbnails[image]).slice(0, 3);
  const choose = element('button', {
    type: 'button', class: 'choose', 'data-group': place, 'aria-pressed': 'false',
    title: 'Highlight on the map', onclick: () => chooseGroup(chosenGroup === place ? null : place),
  },
  element('span', { class: 'swatch', colour: group.colour, 'aria-hidden': 'true' }),
  element('span', { class: 'name' }, element('span', { text: group.name }),
    element('span', { class: 'count', text: plural(group.count, 'image') })),
  element('span', { class: 'examples', 'aria-hidden': 'true' }, ...examples.map((image) => picture(image, { alt: '' }))));
  const jump = element('a', { href: `#group-${place}`, 'aria-label': `Images of ${group.name}`, title: 'See its images', text: '↓' });
  return element('li', {}, choose, jump);
}

function sheet(group, place) {
  const shown = group.members.filter((image) => thumbnails[image]);
  const grid = element('div', { class: 'grid' });
  const more = element('button', { type: 'button', class: 'more', onclick: () => fill() });
  function fill() {
    const from = grid.childElementCount;
    grid.append(...shown.slice(from, from + (from ? PER_TURN : AT_FIRST)).map(tile));
    const left = shown.length - grid.childElementCount;
    more.hidden = left === 0;
    more.textContent = left > PER_TURN ? `Show ${PER_TURN} more of ${formatted(left)}` : `Show the other ${left}`;
  }
  const absent = group.count - shown.length;
  const section = element('section', { id: `group-${place}`, class: 'sheet', 'aria-label': group.name },
    element('h2', {}, element('span', { class: 'swatch', colour: group.colour, 'aria-hidden': 'true' }), group.name,
      element('span', { class: 'count', text: plural(group.count, 'image') })),
    grid, more,
    absent ? element('p', { class: 'note', text: `${plural(absent, 'image')} of this group not inside this page.` }) : null);
  more.hidden = true;
  section.fill = () => { if (!grid.childElementCount) fill(); };
  return section;
}

function showGroups() {
  const grouped = data.groups.filter((group) => group.number >= 0).length;
  byId('legend-title').textContent = grouped ? plural(grouped, 'group') : 'No groups yet';
  byId('legend').append(...data.groups.map(legendEntry));
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((candidate) => candidate.isIntersecting)) {
      entry.target.fill();
      near.unobserve(entry.target);
    }
  }, { rootMargin: '600px' });
  for (const section of data.groups.map(sheet)) {
    byId('sheets').append(section);
    near.observe(section);
  }
}
