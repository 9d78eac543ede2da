// What is on air: the source, since when, the ad break that runs, what the loss policy does, and what was on air before.

import { byId, element, write } from './view.js';

const SOURCES = {
  live: ['The contribution', 'What the encoder sends.'],
  test: ['Test source', 'Nothing is connected: push a feed and it takes over.'],
  slate: ['Slate', 'Nothing comes in. The feed takes over again with its next IDR.'],
  operator_slate: ['Slate, by the operator', 'It covers whatever comes in.'],
  break_slate: ['Slate, in an ad break', 'It hides the feed until the break is over.'],
  waiting: ['Waiting for a contribution', 'The channel passes a ladder through: push its rungs, and they play as they are.'],
  collecting: ['Collecting the tracks', 'A contribution is connected; its rungs are known after a whole GOP.'],
};
/** Short names, for the chips of the loss policy and the list of what was on air. */
const SHORT = { live: 'Feed', slate: 'Slate', operator_slate: 'Slate, by the operator', break_slate: 'Slate, in a break', test: 'Test source',
  waiting: 'Waiting', collecting: 'Collecting' };
/** What shows for another reason than a loss. */
const NO_LOSS = ['operator_slate', 'break_slate', 'test'];
/** Why a stage of the loss policy acts, and what it shows. */
const CAUSES = { 'no bytes': 'nothing comes', 'no pictures': 'no picture comes', black: 'black pictures come', frozen: 'the picture stands still',
  silence: 'the sound is silent' };
const SHOWN = { hold: 'Last picture', black: 'Black', slate: 'Slate', image: 'Image' };
const GOES_ON = ['black', 'frozen', 'silence'];
const KEPT = 6;

const past = [];

/** A source that this page does not know yet has its own name. */
const humanised = (source) => source.charAt(0).toUpperCase() + source.slice(1).replaceAll('_', ' ');
const shortName = (source) => SHORT[source] ?? humanised(source);
/** A feed that goes on coming is held as it is: that stage is an alarm. */
const stageName = (shows, cause) => (shows === 'hold' && GOES_ON.includes(cause) ? 'Alarm' : SHOWN[shows] ?? humanised(shows));
const timeOfDay = (ms) => new Date(ms).toISOString().slice(11, 19);

export function length(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(s % 1 ? 1 : 0)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  return s < 7200 ? `${Math.floor(s / 60)} min ${String(Math.round(s % 60)).padStart(2, '0')} s` : `${(s / 3600).toFixed(1)} h`;
}

/** An event says that another source is on air. */
export function noteSource({ at, detail }) {
  past.unshift({ at, source: detail.source });
  past.length = Math.min(past.length, KEPT + 1);
}

export function showAir(channel) {
  const source = channel.on_air;
  const [name, note] = source == null ? ['Off air', 'Start the channel to go on air.'] : SOURCES[source] ?? [humanised(source), 'By the loss policy.'];
  write(byId('source'), name);
  byId('source').dataset.source = source ?? '';
  write(byId('source-note'), note);
  showBreak(channel);
  showPolicy(channel);
  showPast(channel);
}

/** How far the ad break is that runs. */
function showBreak({ breaks, ad_break: id, ad_break_seconds: planned, position }) {
  const it = breaks.find((one) => one.cue_id === id && !one.back);
  byId('break-now').hidden = id == null;
  if (id == null) return;
  const [title, gauge, text] = byId('break-now').children;
  write(title, `Ad break ${id}`);
  // Its report comes when the segment that it begins is whole.
  const over = it && position ? position.media_seconds - it.out.achieved_seconds : null;
  gauge.hidden = !planned;
  gauge.firstChild.style.width = `${Math.min(100, planned ? over / planned * 100 : 0)}%`;
  const gone = over == null ? 'began just now' : length(Math.min(over, planned ?? over));
  write(text, planned ? `${gone}${over == null ? ', for' : ' of'} ${length(planned)}` : `${gone}, until it is ended`);
}

/** The feed, then the stages of the cause that acts (of a feed that stops while none does), the acting one marked. */
function showPolicy({ on_air: source, encoding, loss, loss_policy: policy }) {
  const isCovered = NO_LOSS.includes(source);
  const feed = { text: shortName('live'), acts: source === 'live' && loss == null };
  const chips = encoding === 'none' || !policy
    ? ['live', 'waiting'].map((name) => ({ text: shortName(name), acts: name === source }))
    : [feed, ...policy[loss?.cause ?? 'no bytes'].map(({ shows, after_ms: ms }, n) => ({
      text: stageName(shows, loss?.cause) + (ms ? ` after ${length(ms / 1000)}` : ''), acts: loss?.stage === n + 1 }))];
  if (source != null && !isCovered && !chips.some(({ acts }) => acts)) chips.push({ text: shortName(source), acts: true });
  const list = byId('policy');
  if (list.children.length !== chips.length) list.replaceChildren(...chips.map(() => element('li')));
  chips.forEach(({ text, acts }, n) => {
    const item = list.children[n];
    write(item, text);
    item.toggleAttribute('data-acting', acts);
    if (acts) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  });
  const notes = [loss && `· ${CAUSES[loss.cause] ?? loss.cause}`, isCovered && source !== 'test' && '· covered meanwhile'];
  write(byId('policy-note'), notes.filter(Boolean).join(' '));
}

/** What was on air, the newest first, and for how long. */
function showPast({ utc_ms: now, on_air: source }) {
  const list = byId('past');
  const items = past.slice(0, KEPT);
  byId('past-box').hidden = items.length === 0 || source == null;
  while (list.children.length > items.length) list.lastChild.remove();
  while (list.children.length < items.length) list.append(element('li', {}, [element('time'), element('span'), element('b')]));
  items.forEach(({ at, source: name }, n) => {
    const [time, what, span] = list.children[n].children;
    write(time, timeOfDay(at));
    write(what, shortName(name));
    write(span, length(((n === 0 ? now : past[n - 1].at) - at) / 1000));
    list.children[n].dataset.source = name;
  });
}
