// The contribution on the page: its newest thumbnail, its sessions with their tracks, the last cues, and where to push.

import { length } from './air.js';
import { byId, element, rate, span, write } from './view.js';

const SLOTS = { primary: 'primary', secondary: 'secondary' };
const NAMES = { und: 'no language' };
const COUNTS = [
  ['overlap', 'overlaps'], ['discontinuity', 'gaps'], ['nonincreasing', 'stamps not increasing'],
  ['unaligned_key_frames', 'IDRs off the grid'], ['unaligned_presentation_time', 'unaligned starts'],
];
// Class of the cell, title, class of the column.
const COLUMNS = [['', 'State', 'w1'], ['', 'Track', 'w3'], ['', 'Format', 'w5'], ['right', 'Declared', 'w2'], ['right', 'Incoming', 'w2'],
  ['right', 'Last stamp', 'w2'], ['', 'Trouble in 20 s', 'w4']];

export function showFeed(channel) {
  const sessions = [...channel.sessions].sort((a, b) => a.slot.localeCompare(b.slot) || bits(b) - bits(a) || a.id - b.id);
  byId('no-session').hidden = sessions.length > 0;
  showThumbnail(channel);
  write(byId('feed-note'), note(channel));
  const list = byId('sessions');
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  const nodes = sessions.map((session) => {
    const node = known.get(String(session.id)) ?? sessionNode(session);
    showSession(node, session, channel);
    return node;
  });
  if (nodes.length !== list.children.length || nodes.some((node, n) => list.children[n] !== node)) list.replaceChildren(...nodes);
  showCues(channel.cues);
}

/** The newest thumbnail while something is connected. One that nothing follows is grey: nothing arrives. */
function showThumbnail({ thumbnail, thumbnail_seconds: interval, sessions, utc_ms: now }) {
  const image = byId('thumb');
  byId('arrival').hidden = interval == null || sessions.length === 0;
  image.hidden = thumbnail == null;
  byId('thumb-wait').hidden = thumbnail != null;
  if (thumbnail == null) {
    write(byId('thumb-note'), 'The first picture that is decoded shows here.');
    return;
  }
  const url = `${thumbnail.url}?${thumbnail.number}`;
  if (image.getAttribute('src') !== url) image.src = url;
  const age = (now - thumbnail.utc_ms) / 1000;
  const isOld = age > 2 * interval + 1;
  image.toggleAttribute('data-old', isOld);
  const who = thumbnail.ingest == null ? '' : `, from #${thumbnail.ingest}`;
  write(byId('thumb-note'), isOld ? `Nothing has come for ${length(age)}.` : `${length(Math.floor(age))} ago${who} · every ${length(interval)}, also behind a slate`);
}

/** What a session says of its pictures, to list the largest rung first. */
const bits = ({ tracks }) => Math.max(0, ...tracks.filter(({ kind }) => kind === 'video').map((track) => track.bitrate_declared));

function note({ sessions, slot_on_air: slot, time_locked: isLocked }) {
  if (sessions.length === 0) return '';
  const slots = new Set(sessions.map((session) => session.slot));
  const count = sessions.length === 1 ? '1 session' : `${sessions.length} sessions`;
  if (slots.size < 2) return slot && !slots.has(slot) ? count : `${count}, no second encoder`;
  return `${count}, ${isLocked ? 'both slots bring the same, access unit by access unit' : 'the other slot stands by'}`;
}

function sessionNode(session) {
  const head = element('p', { className: 'session-head' }, [element('b'), element('span', { className: 'badge' }), element('span', { className: 'dim' })]);
  const titles = COLUMNS.map(([className, textContent]) => element('th', { className, textContent, scope: 'col' }));
  titles[0].replaceChildren(element('span', { className: 'hidden', textContent: 'State' }));
  const widths = COLUMNS.map(([, , className]) => element('col', { className }));
  const table = element('table', {}, [element('colgroup', {}, widths), element('thead', {}, [element('tr', {}, titles)]), element('tbody')]);
  const scroll = element('div', { className: 'scroll', tabIndex: 0 }, [table]);
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', `Tracks of contribution ${session.id}`);
  const node = element('section', { className: 'session' }, [head, scroll]);
  node.dataset.id = session.id;
  return node;
}

function showSession(node, session, channel) {
  const [title, badge, facts] = node.firstChild.children;
  const { health } = session;
  write(title, `${session.protocol.toUpperCase()}${session.name ? ` · ${session.name}` : ''}`);
  const isOnAir = channel.slot_on_air === session.slot || channel.time_locked;
  write(badge, `${SLOTS[session.slot]}${isOnAir ? ', on air' : ', standing by'}`);
  badge.toggleAttribute('data-on-air', isOnAir);
  const rates = `${rate(health.bitrate)}${health.frame_rate > 0 ? ` · ${health.frame_rate.toFixed(1)} fps` : ''}`;
  const lost = [[health.dropped, 'dropped'], [health.time_jumps, 'time jumps'], [health.spare, 'spare']].filter(([count]) => count > 0);
  write(facts, [rates, session.from && `from ${session.from}`, ...lost.map(([count, what]) => `${count} ${what}`), `#${session.id}`]
    .filter(Boolean).join(' · '));
  const body = node.querySelector('tbody');
  while (body.children.length > session.tracks.length) body.lastChild.remove();
  while (body.children.length < session.tracks.length) {
    body.append(element('tr', {}, COLUMNS.map(([className], n) => element('td', { className: n === 0 ? 'mark' : className }))));
  }
  session.tracks.forEach((track, n) => showTrack(body.children[n], track, session.tracks));
}

function showTrack(row, track, tracks) {
  const mark = row.children[0];
  const state = track.healthy == null ? 'new' : track.healthy ? 'good' : 'bad';
  if (mark.dataset.state !== state) {
    mark.dataset.state = state;
    const said = { new: 'measuring', good: 'healthy', bad: 'not healthy' }[state];
    mark.replaceChildren(element('i', { title: said }), element('span', { className: 'hidden', textContent: said }));
  }
  const troubles = COUNTS.filter(([key]) => track[key] > 0).map(([key, what]) => `${track[key]} ${what}`);
  if (track.unexpected_bitrate) troubles.push('bit rate not as declared');
  if (Math.abs(track.drift_ms_per_minute ?? 0) >= 500) troubles.push(`clock ${track.drift_ms_per_minute > 0 ? '+' : ''}${track.drift_ms_per_minute} ms a minute`);
  const language = track.kind === 'video' || track.language === 'und' && tracks.length < 3 ? '' : NAMES[track.language] ?? track.language;
  const last = track.last_timestamp_seconds;
  // Sources without names and rates have `audio_0` for all of their sound.
  const name = track.name === `${track.kind}_0` ? `${track.kind} ${track.index + 1}` : track.name;
  const texts = [null, name, [track.codec, track.form, language].filter(Boolean).join(' · '),
    track.bitrate_declared ? rate(track.bitrate_declared) : '–', state === 'new' ? 'measuring' : rate(track.bitrate_incoming),
    last == null ? '–' : `${last.toFixed(2)} s`, troubles.join(', ') || (state === 'new' ? '' : 'none')];
  texts.forEach((text, n) => { if (text != null) write(row.children[n], text); });
  row.children[6].toggleAttribute('data-trouble', troubles.length > 0);
}

function showCues(cues) {
  byId('cues').hidden = cues.length === 0;
  const due = ({ due_seconds: due }) => (due == null ? '' : ` · due ${due.toFixed(3)} s`);
  const texts = cues.map((cue) => `${span(cue.at_seconds)} · ${cue.says}${due(cue)} · ${cue.carriage} · #${cue.ingest}`).reverse();
  const list = byId('cue-list');
  while (list.children.length > texts.length) list.lastChild.remove();
  while (list.children.length < texts.length) list.append(element('li'));
  texts.forEach((text, n) => {
    write(list.children[n], text);
    list.children[n].title = cues[cues.length - 1 - n].payload_hex;
  });
}

const LABELS = { rtmp: 'RTMP', rtmps: 'RTMPS', rtp: 'RTP', udp: 'UDP', smooth: 'Smooth', smooth_tls: 'Smooth, TLS' };
const PICTURE = 'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000';
const ENCODE = '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -b:v 4M -g 60 -c:a aac -b:a 128k';

/** What no browser plays is there to be saved. */
function link(name, url) {
  const code = element('code', { textContent: url });
  return name === 'HDS' ? [element('a', { href: url, download: '' }, [code])] : [code];
}

export function showUrls(channel, copy) {
  const row = ([name, url, note]) => element('li', {}, [element('b', { textContent: name }),
    element('span', {}, [...link(name, url), ...(note ? [element('small', { className: 'dim', textContent: note })] : [])]),
    copyButton(name, url, copy)]);
  const passes = channel.encoding === 'none';
  const order = Object.keys(LABELS);
  const entries = Object.entries(channel.ingest).map(([key, url]) => [key, url, key.replace('_secondary', '')]);
  entries.sort(([, , a], [, , b]) => order.indexOf(a) - order.indexOf(b));
  const urls = entries.map(([key, url, protocol]) => {
    const isSecond = protocol !== key;
    const note = key === 'smooth' ? 'then /Streams(ID), a POST for each stream' : key === 'rtmp' && passes ? 'RUNG: a name of your choice for each rung' : null;
    return { isSecond, row: row([LABELS[protocol] ?? protocol, url, note]) };
  });
  const second = urls.filter(({ isSecond }) => isSecond).map((url) => url.row);
  byId('urls').replaceChildren(...urls.filter(({ isSecond }) => !isSecond).map((url) => url.row),
    ...(second.length ? [element('li', { className: 'second' }, [element('span', { className: 'dim', textContent: 'A second encoder, which takes over when the first fails' })])] : []), ...second);
  const { hls, dash, smooth, hds, preview } = channel.playback;
  const players = [['HLS', hls], ['DASH', dash], ['Smooth', smooth], ['HDS', hds, 'no browser plays it; yt-dlp saves it'],
    ['Preview', preview, 'Smooth Streaming of what the channel makes, with or without a program']];
  byId('playback').replaceChildren(...players.filter(([, url]) => url).map(row));
  byId('h-commands').textContent = passes ? 'Ready-made: three rungs by ffmpeg' : 'Ready-made: a moving picture and a tone by ffmpeg';
  byId('commands').replaceChildren(...(passes ? ladders : feeds)(channel.ingest).map(([name, text], n) => element('details', { open: n === 0 }, [
    element('summary', { textContent: `by ${name}` }), element('pre', { textContent: text }), copyButton(`${name} command`, text, copy)])));
}

const feeds = ({ rtmp, rtp, udp, smooth }) => [
  ['RTMP', `${PICTURE} ${ENCODE} -f flv ${rtmp}`],
  ['RTP', `${PICTURE} ${ENCODE} -f rtp_mpegts ${rtp}`],
  ['UDP', `${PICTURE} ${ENCODE} -f mpegts '${udp}?pkt_size=1316'`],
  ['Smooth Streaming', `${PICTURE} ${ENCODE} -movflags isml+frag_keyframe -f ismv '${smooth}/Streams(1)'`],
];

function ladders({ rtmp, smooth }) {
  const rungs = [['720p', '1280:720', '2500k'], ['540p', '960:540', '1200k'], ['360p', '640:360', '600k']];
  const split = `-filter_complex '[0:v]split=3${rungs.map((_, n) => `[v${n}]`).join('')};${rungs.map(([, size], n) => `[v${n}]scale=${size}[r${n}]`).join(';')}'`;
  const output = (target) => rungs.map(([name, , bits], n) => `-map '[r${n}]' -map 1:a -c:v libx264 -preset veryfast -tune zerolatency `
    + `-pix_fmt yuv420p -b:v ${bits} -maxrate ${bits} -bufsize ${bits} -g 60 -keyint_min 60 -sc_threshold 0 -c:a aac -b:a 128k ${target(name)}`).join(' ');
  return [
    ['RTMP', `${PICTURE} ${split} ${output((name) => `-f flv ${rtmp.replace('RUNG', name)}`)}`],
    ['Smooth Streaming', `${PICTURE} ${split} ${output((name) => `-movflags isml+frag_keyframe -f ismv '${smooth}/Streams(${name})'`)}`],
  ];
}

function copyButton(what, text, copy) {
  const button = element('button', { type: 'button', className: 'copy', textContent: 'Copy' });
  button.setAttribute('aria-label', `Copy the ${what}`);
  button.addEventListener('click', () => copy(text, button));
  return button;
}
