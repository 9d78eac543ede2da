// The list of programs with the preview above it: state, windows, since when, what is held, links, and buttons for what can be done.

import { length } from './air.js';
import { byId, element, write } from './view.js';

const FACTS = ['Window', 'Players see', 'Started', 'Lasted', 'Held'];
const LINKS = [['HLS', 'hls'], ['DASH', 'dash'], ['Smooth', 'smooth'], ['HDS', 'hds']];
const MOST = 3;
/** How long one has to say that a deletion is meant. */
const TO_CONFIRM = 4000;

const timeOfDay = (ms) => new Date(ms).toISOString().slice(11, 19);
const minutes = (seconds) => (seconds % 60 || seconds >= 7200 ? length(seconds) : `${seconds / 60} min`);
const runs = ({ state }) => state === 'Starting' || state === 'Running';

/** `act.watch(what)` is called with '' for what is on air, 'preview' or the number of a program, `act.command(method, path)` for all else. */
export function showPrograms(channel, watched, act) {
  const { programs, preview } = channel;
  const running = programs.filter(runs).length;
  write(byId('programs-note'), programs.length === 0 ? '' : `${running} of at most ${MOST} on air`);
  byId('no-program').hidden = programs.length > 0;
  for (const button of byId('new-program').querySelectorAll('button')) {
    button.disabled = button.value === 'start' ? channel.state !== 'Running' || running >= MOST : channel.state === 'Deleting';
  }
  const list = byId('programs');
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  const entries = [...(preview ? [{ id: 'preview', isPreview: true, ...preview }] : []), ...[...programs].reverse()];
  const nodes = entries.map((entry) => {
    const id = String(entry.id);
    const node = known.get(id) ?? row(id, act);
    if (entry.isPreview) showPreview(node, entry, channel);
    else showProgram(node, entry, channel);
    showLinks(node, entry.playback);
    const isWatched = id === watched;
    node.toggleAttribute('data-watched', isWatched);
    const [watch] = node.querySelectorAll('button');
    write(watch, isWatched ? 'Watching' : 'Watch');
    watch.setAttribute('aria-pressed', String(isWatched));
    watch.disabled = entry.segments === 0 || !entry.playback.hls;
    return node;
  });
  if (nodes.length !== list.children.length || nodes.some((node, n) => list.children[n] !== node)) list.replaceChildren(...nodes);
}

function row(id, act) {
  const node = element('li', { className: 'program' });
  node.dataset.id = id;
  const head = element('p', { className: 'break-head' }, [element('b'), element('span', { className: 'badge' }), element('span', { className: 'dim asset' })]);
  const facts = element('dl', { className: 'facts' }, FACTS.map(() => element('div', {}, [element('dt'), element('dd')])));
  const links = element('p', { className: 'links' });
  const button = (name, press) => {
    const it = element('button', { type: 'button', textContent: name });
    it.dataset.act = name.toLowerCase();
    it.addEventListener('click', () => press(it));
    return it;
  };
  const post = (what) => () => act.command('POST', `programs/${id}/${what}`);
  const buttons = [button('Watch', () => act.watch(node.hasAttribute('data-watched') ? '' : id))];
  if (id !== 'preview') {
    buttons.push(button('Start', post('start')), button('Stop', post('stop')), button('Publish', post('publish')), button('Unpublish', post('unpublish')),
      button('Delete', (it) => confirmed(it) && act.command('DELETE', `programs/${id}`)));
  }
  node.append(head, facts, element('div', { className: 'program-foot' }, [links, element('div', { className: 'buttons' }, buttons)]));
  return node;
}

/** The first press only asks. */
function confirmed(button) {
  if (button.dataset.asks) return true;
  button.dataset.asks = 'true';
  button.textContent = 'Delete for good';
  setTimeout(() => {
    delete button.dataset.asks;
    button.textContent = 'Delete';
  }, TO_CONFIRM);
  return false;
}

function showPreview(node, { seconds, segments }, { state }) {
  const isOn = state === 'Running' && segments > 0;
  showHead(node, 'Preview', isOn ? 'Running' : 'Waiting', 'What the channel makes, whether or not a program runs. Not for viewers.');
  showFacts(node, [null, ['Players see', segments ? length(seconds) : '–'], null, null, ['Held', count(segments)]]);
}

function showProgram(node, program, { utc_ms: now }) {
  const { id, state, asset, segments, seconds, started_ms: started, stopped_ms: stopped, window_seconds: window, rewind_seconds: rewind } = program;
  const isFresh = started == null;
  const isOver = state === 'Stopped' && !isFresh;
  showHead(node, `Program ${id}`, isOver ? 'On demand' : isFresh ? 'Not started' : state, asset);
  node.dataset.state = isOver ? 'Over' : state;
  const shows = isOver ? 'all of it' : rewind == null ? 'the window' : minutes(rewind);
  showFacts(node, [
    ['Window', window == null ? 'everything' : minutes(window)], ['Players see', shows], ['Started', isFresh ? '–' : timeOfDay(started)],
    [isOver ? 'Lasted' : 'On air for', isFresh ? '–' : length(((stopped ?? now) - started) / 1000)],
    ['Held', segments ? `${count(segments)}, ${length(seconds)}` : 'nothing yet'],
  ]);
  const shown = { start: isFresh, stop: runs(program), publish: !program.is_published, unpublish: program.is_published, delete: state === 'Stopped' };
  for (const button of node.querySelectorAll('button')) button.hidden = shown[button.dataset.act] === false;
}

const count = (segments) => (segments === 1 ? '1 segment' : `${segments} segments`);

function showHead(node, name, state, note) {
  const [title, badge, text] = node.firstChild.children;
  write(title, name);
  write(badge, state);
  badge.toggleAttribute('data-on-air', state === 'Running');
  write(text, note);
}

function showFacts(node, facts) {
  facts.forEach((fact, n) => {
    const box = node.children[1].children[n];
    box.hidden = fact == null;
    if (fact) fact.forEach((text, part) => write(box.children[part], text));
  });
}

/** The links stay the same nodes while their URLs do. */
function showLinks(node, playback) {
  const links = node.querySelector('.links');
  const shown = LINKS.filter(([, key]) => playback[key]);
  const key = shown.map(([, format]) => playback[format]).join();
  if (links.dataset.key === key && links.firstChild) return;
  links.dataset.key = key;
  const link = ([name, format]) => element('a', { href: playback[format], textContent: name, ...(format === 'hds' ? { download: '' } : {}) });
  links.replaceChildren(...(shown.length ? shown.map(link) : [element('span', { className: 'dim', textContent: 'not published' })]));
}
