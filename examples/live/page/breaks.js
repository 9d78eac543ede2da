// The list of ad breaks with their reports: who asked, when, what was achieved, in every rung, and how each ended.

import { length } from './air.js';
import { byId, element, write } from './view.js';

const BY = { api: 'a call', contribution: 'the feed' };
const ENDS = { cue: 'by a cue', cancelled: 'cancelled', duration: 'by its time', superseded: 'by the next break', ceiling: 'closed: nothing ended it' };
const FACTS = ['Length', 'Out asked', 'Out made', 'Back made', 'Rungs', 'Sound'];

export function showBreaks(channel) {
  const { breaks, encoding, ad_markers: source, position } = channel;
  byId('breaks-card').hidden = encoding === 'none';
  byId('no-break').hidden = breaks.length > 0;
  write(byId('no-break'), source === 'api' ? 'No break so far. Start one on this page, or with POST /api/channels/…/ad-breaks.'
    : 'No break so far. They come with the feed: SCTE-35 in a transport stream, onAdCue, a sparse track.');
  write(byId('breaks-note'), `${source === 'api' ? 'by calls' : 'by the feed'}, ${channel.insert_slate_on_ad_marker ? 'behind the slate' : 'the feed stays visible'}`);
  const list = byId('breaks');
  list.hidden = breaks.length === 0;
  while (list.children.length > breaks.length) list.lastChild.remove();
  while (list.children.length < breaks.length) list.append(row());
  breaks.forEach((it, n) => showBreak(list.children[n], it, position));
}

function row() {
  const head = element('p', { className: 'break-head' }, [element('b'), element('span', { className: 'badge' }), element('span', { className: 'dim' })]);
  const facts = FACTS.map((name) => element('div', {}, [element('dt', { textContent: name }), element('dd')]));
  return element('li', {}, [head, element('dl', { className: 'facts' }, facts)]);
}

function showBreak(node, it, position) {
  const [title, badge, asked] = node.firstChild.children;
  write(title, `Cue ${it.cue_id}`);
  write(badge, it.back ? `ended ${ENDS[it.ended_by] ?? it.ended_by}` : 'running');
  badge.toggleAttribute('data-on-air', !it.back);
  write(asked, `${new Date(it.utc_ms).toISOString().slice(11, 19)} · by ${BY[it.source] ?? it.source}`);
  const over = it.seconds ?? (position ? Math.max(0, position.media_seconds - it.out.achieved_seconds) : 0);
  const planned = it.planned_seconds == null ? ', open' : ` of ${length(it.planned_seconds)}`;
  const made = (report) => `${clock(report.achieved_seconds)}${report.late_ms >= 1 ? `, ${Math.round(report.late_ms)} ms late` : ''}`;
  const reports = [it.out, it.back].filter(Boolean);
  const isExact = reports.every((report) => report.rungs_in_place === report.rungs.length);
  const rungs = it.out.rungs.length;
  const sound = it.out.sounds.map(({ off_ms }) => `${off_ms < 0 ? '−' : '+'}${Math.abs(Math.round(off_ms))} ms`);
  const texts = [
    `${length(over)}${planned}`,
    clock(it.out.asked_seconds),
    made(it.out),
    it.back ? made(it.back) : '–',
    rungs === 0 ? '–' : isExact ? `all ${rungs} equal` : `${Math.min(...reports.map((report) => report.rungs_in_place))} of ${rungs} equal`,
    sound.length > 0 ? sound.join(', ') : '–',
  ];
  texts.forEach((text, n) => write(node.lastChild.children[n].lastChild, text));
  const [, , out, back, all] = node.lastChild.children;
  out.toggleAttribute('data-late', it.out.late_ms >= 1);
  back.toggleAttribute('data-late', (it.back?.late_ms ?? 0) >= 1);
  all.toggleAttribute('data-exact', rungs > 0 && isExact);
  all.toggleAttribute('data-late', rungs > 0 && !isExact);
}

/** Seconds of the channel's clock. */
const clock = (seconds) => `${seconds.toFixed(3)} s`;
