use std::sync::Arc;

use bytes::Bytes;
use quick_xml::{Reader, events::Event};

use crate::{
    archive::rig::ladder,
    media::{Avail, CuePhase, Pack, Presentation, Segment, SegmentCue, Span},
    package::dash::{Flavour, Mpd, Patch},
    time::{MediaDuration, MediaTime, Utc},
};

/// An element, as a client holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Self>,
    text: String,
}

fn parse(text: &str) -> Node {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Node::default()];
    let close = |open: &mut Vec<Node>| {
        let node = open.pop().unwrap();
        open.last_mut().unwrap().children.push(node);
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(node(&start)),
            Event::Empty(start) => {
                open.push(node(&start));
                close(&mut open);
            }
            Event::End(_) => close(&mut open),
            Event::Text(text) => open.last_mut().unwrap().text.push_str(text.trim()),
            Event::Eof => return open.pop().unwrap().children.pop().unwrap(),
            _ => {}
        }
    }
}

fn node(start: &quick_xml::events::BytesStart<'_>) -> Node {
    let attributes =
        start.attributes().map(Result::unwrap).map(|one| (one.key.as_ref().to_owned(), one.value.to_string()));
    Node { name: start.name().as_ref().to_owned(), attributes: attributes.collect(), ..Node::default() }
}

impl Node {
    fn attribute(&self, name: &str) -> &str {
        &self.attributes.iter().find(|(held, _)| held == name).unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    fn set(&mut self, name: &str, value: &str) {
        value.clone_into(&mut self.attributes.iter_mut().find(|(held, _)| held == name).unwrap().1);
    }

    /// The place of a child that a step of a path names: by place or by id.
    fn place(&self, step: &str) -> usize {
        let (name, condition) = step.split_once('[').unwrap_or((step, "1]"));
        let condition = condition.strip_suffix(']').unwrap();
        let mut named = self.children.iter().enumerate().filter(|(_, child)| child.name == name);
        let found = match condition.strip_prefix("@id='").and_then(|id| id.strip_suffix('\'')) {
            Some(id) => named.find(|(_, child)| child.attribute("id") == id),
            None => named.nth(condition.parse::<usize>().unwrap() - 1),
        };
        found.unwrap_or_else(|| panic!("no {step} in {}", self.name)).0
    }
}

/// Applies a patch as RFC 5261 has it, with the paths that clients of DASH know.
fn apply(mpd: &mut Node, patch: &str) {
    let patch = parse(patch);
    assert_eq!(patch.attribute("mpdId"), mpd.attribute("id"));
    assert_eq!(patch.attribute("originalPublishTime"), mpd.attribute("publishTime"));
    assert!(patch.attribute("publishTime") > mpd.attribute("publishTime"), "or dash.js refuses it");
    for operation in &patch.children {
        let path = operation.attribute("sel").strip_prefix("/MPD/").unwrap();
        let mut steps: Vec<&str> = path.split('/').collect();
        let last = steps.pop().unwrap();
        let parent = steps.iter().fold(&mut *mpd, |node, step| {
            let place = node.place(step);
            &mut node.children[place]
        });
        match (operation.name.as_str(), last.strip_prefix('@')) {
            ("replace", Some(attribute)) => parent.set(attribute, &operation.text),
            ("replace", None) => {
                let place = parent.place(last);
                let [element] = <[Node; 1]>::try_from(operation.children.clone()).unwrap();
                parent.children[place] = element;
            }
            ("remove", None) => drop(parent.children.remove(parent.place(last))),
            ("add", None) => {
                let place = parent.place(last);
                parent.children[place].children.extend(operation.children.clone());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(patch.attribute("publishTime"), mpd.attribute("publishTime"));
}

/// A live MPD with its window, and how it stood after each change.
struct Life {
    mpd: Mpd,
    listed: Vec<Segment>,
    edge: u64,
    /// Sequence numbers of its ends, the text, and how often more than segments had changed.
    stood: Vec<((u64, u64), String, u32)>,
    epochs: u32,
}

impl Life {
    fn new(periods: bool) -> Self {
        let mut presentation = Presentation::new(ladder(), Utc::UNIX_EPOCH);
        presentation.cues.periods = periods;
        let two = MediaDuration::from_secs(2);
        let mut mpd = Mpd::new(Arc::new(presentation), Some(MediaDuration::from_secs(60)), two, None);
        mpd.keep_versions();
        Self { mpd, listed: Vec::new(), edge: 50_000, stood: Vec::new(), epochs: 0 }
    }

    fn text(&self) -> String {
        let ends = (self.listed.first().unwrap(), self.listed.last().unwrap());
        String::from_utf8(self.mpd.render(Flavour::Patched, ends, false).to_bytes().to_vec()).unwrap()
    }

    fn note(&mut self) {
        let ends = (self.listed[0].sequence, self.listed[self.listed.len() - 1].sequence);
        self.stood.push((ends, self.text(), self.epochs));
    }

    /// A segment of so many milliseconds joins, after a gap, in which sound is cut where its frames are.
    fn join(&mut self, length: u64, gap: u64, cues: &[SegmentCue]) {
        self.edge += gap;
        let frame = |millis: u64| millis * 44_100 / 1024 / 1000 * 1024;
        let (start, end) = (self.edge, self.edge + length);
        let video = Span { start: start * 90, duration: length as u32 * 90, bytes: 1 };
        let audio = Span { start: frame(start), duration: (frame(end) - frame(start)) as u32, bytes: 1 };
        let segment = Segment {
            sequence: self.listed.last().map_or(7, |last| last.sequence + 1),
            start: MediaTime::ZERO.plus(MediaDuration::from_millis(start as i64)),
            duration: MediaDuration::from_millis(length as i64),
            is_discontinuous: gap > 0,
            spans: Arc::from([video, video, audio]),
            cues: cues.into(),
            pack: Pack::default(),
        };
        self.edge = end;
        self.mpd.append(&segment);
        self.listed.push(segment);
        self.note();
    }

    fn leave(&mut self) {
        self.mpd.remove(&self.listed.remove(0));
        self.note();
    }

    /// Applies every patch that there is to what a client has; of how many versions there were some.
    fn check(&self) -> usize {
        let ((_, newest), now, epoch) = self.stood.last().unwrap();
        let now = parse(now);
        let mut ready = 0;
        for (ends, text, was) in self.stood.iter().rev().take(30) {
            match self.mpd.patch(*ends) {
                Patch::Ready(patch) => {
                    let patch = String::from_utf8(patch.to_bytes().to_vec()).unwrap();
                    let mut held = parse(text);
                    apply(&mut held, &patch);
                    assert_eq!(held, now, "from {ends:?} by {patch}");
                    ready += 1;
                    assert!(patch.len() < 6000, "{patch}");
                }
                Patch::Current => assert_eq!(ends.1, *newest),
                Patch::Unfit => assert!(was != epoch || ends.1 != *newest),
            }
        }
        ready
    }
}

fn cue(phase: CuePhase) -> SegmentCue {
    let asked = MediaTime::ZERO.plus(MediaDuration::from_secs(90));
    let avail = Avail { id: 7, asked, start: asked, duration: None, section: Bytes::from_static(b"\xFC") };
    SegmentCue { avail: Arc::new(avail), phase }
}

#[test]
fn a_patch_makes_the_mpd_that_stands_of_each_of_the_last_ones() {
    let mut life = Life::new(false);
    for n in 0..120u64 {
        let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        life.join([2000, 2000, 2000, 1400][(mixed % 4) as usize], if mixed % 13 == 0 { 500 } else { 0 }, &[]);
        if n > 20 {
            life.leave();
        }
        // What was ten segments ago is remembered, whatever its timelines look like.
        let ready = life.check();
        assert!(ready >= if n > 20 { 21 } else { n.min(20) as usize }, "{ready} after {n}");
    }
    assert_eq!(life.mpd.patch((0, 1)), Patch::Unfit, "no client has this");
}

#[test]
fn what_more_than_segments_changed_is_told_of_by_the_whole_mpd() {
    for periods in [false, true] {
        let mut life = Life::new(periods);
        for n in 0..100u64 {
            let cues = match n {
                40 => vec![cue(CuePhase::Out)],
                41..60 => vec![cue(CuePhase::Within)],
                60 => vec![cue(CuePhase::In(None))],
                _ => Vec::new(),
            };
            life.epochs += u32::from(matches!(n, 40 | 60));
            life.join(2000, 0, &cues);
            if n > 10 {
                life.leave();
            }
            let ready = life.check();
            match n {
                40 | 60 => assert_eq!(ready, 0, "{n}"),
                // Two versions of each segment since, but for those of the newest.
                41..44 | 61..64 => assert_eq!(ready as u64, 2 * (n % 20), "{n}, {periods}"),
                _ => {}
            }
        }
        assert!(life.check() > 20);
    }
}

#[test]
fn what_is_listed_and_drift_are_told_of_by_the_whole_mpd() {
    let mut life = Life::new(false);
    (0..5).for_each(|_| life.join(2000, 0, &[]));
    assert_eq!(life.check(), 4);
    let before = life.stood.last().unwrap().0;
    assert_eq!(life.mpd.patch(before), Patch::Current);
    life.mpd.drift(MediaDuration::from_millis(250));
    // Of this client nobody knows which of the two it has.
    assert_eq!(life.mpd.patch(before), Patch::Unfit);
    life.join(2000, 0, &[]);
    assert_eq!((life.mpd.patch(before), life.check()), (Patch::Unfit, 0));
    life.join(2000, 0, &[]);
    assert_eq!(life.check(), 1);
    let unfit = parse(std::str::from_utf8(&life.mpd.unfit().to_bytes()).unwrap());
    assert_eq!(unfit.attribute("mpdId"), parse(&life.text()).attribute("id"));
    assert!(
        life.stood
            .iter()
            .all(|(_, text, _)| parse(text).attribute("publishTime") != unfit.attribute("originalPublishTime"))
    );
}

#[test]
fn nothing_else_of_an_mpd_with_patches_is_different() {
    let mut life = Life::new(false);
    (0..5).for_each(|_| life.join(2000, 0, &[]));
    let text = life.text();
    assert!(text.contains("<PatchLocation ttl=\"20\">Patch(format=mpd-time-cmaf,from=7-11)</PatchLocation>"), "{text}");
    let mut patched = parse(&text);
    patched.attributes.retain(|(name, _)| name != "id");
    patched.children.retain(|child| child.name != "PatchLocation");
    let ends = (&life.listed[0], &life.listed[4]);
    let plain =
        |flavour, is_ended| String::from_utf8(life.mpd.render(flavour, ends, is_ended).to_bytes().to_vec()).unwrap();
    assert_eq!(patched, parse(&plain(Flavour::Cmaf, false)));
    assert_eq!(plain(Flavour::Patched, true), plain(Flavour::Cmaf, true));
}
