use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::{
    archive::{
        Asset, AssetConfig, AssetOutput, Body, ResumeError, SealedSegment, TimelineUpdate,
        rig::{aac, ladder},
    },
    media::{
        Avail, CaptionService, CueFormats, CuePhase, CueTags, Pack, Packing, Past, Presentation, Segment, SegmentCue,
        Span, TrackSpec,
    },
    time::{MediaDuration, MediaTime, Timescale, Utc},
};

const SECOND: MediaDuration = MediaDuration::from_secs(1);

/// An asset, what its host has stored of the index, and what an origin was told.
struct Written {
    asset: Asset,
    pages: Vec<(u64, Vec<u8>)>,
    updates: Vec<TimelineUpdate>,
    stored: std::collections::BTreeSet<String>,
}

fn name() -> AssetName {
    AssetName::new("a").unwrap()
}

fn config(window: Option<i64>) -> AssetConfig {
    AssetConfig { window: window.map(MediaDuration::from_secs), rewind: None, segment_duration: SECOND.times(2) }
}

fn presentation() -> Arc<Presentation> {
    let cues = CueFormats { periods: true, cue_tags: CueTags::Oatcls, sparse_track: false, ..CueFormats::default() };
    Arc::new(Presentation { cues, ..Presentation::new(ladder(), Utc::from_unix_secs(1_800_000_000)) })
}

/// Segment `n` of two seconds; every tenth but the first is behind a gap, every seventh lacks a rung, and there is a break now
/// and then.
fn sealed(n: u64) -> SealedSegment {
    let at = |ticks: i64| MediaTime::from_ticks(ticks, Timescale::MPEG);
    let start = at(180_000 * n as i64 + 90_000 * (n / 10) as i64);
    let span = |track: &TrackSpec, bytes| Span {
        start: start.ticks(track.timescale) as u64,
        duration: 2 * track.timescale.per_second() + (n % 2) as u32,
        bytes,
    };
    let mut spans: Vec<Span> = ladder().iter().map(|track| span(track, 1000 + n as u32)).collect();
    if n % 7 == 3 {
        spans[1] = Span::default();
    }
    let first = n / 20 * 20;
    let avail = |n: u64| Avail {
        id: n as u32,
        asked: at(n as i64),
        start: at(180_000 * n as i64 + 90_000 * (n / 10) as i64),
        duration: (!n.is_multiple_of(40)).then_some(SECOND.times(8)),
        section: Bytes::from(vec![0xFC; 30]),
    };
    let phase = match n % 20 {
        0 => Some(CuePhase::Out),
        1..4 => Some(CuePhase::Within),
        4 => Some(CuePhase::In((n % 40 == 4).then(|| Bytes::from_static(b"in")))),
        17 => Some(CuePhase::Told),
        19 => Some(CuePhase::Ahead),
        _ => None,
    };
    let cues = phase.map(|phase| SegmentCue { avail: Arc::new(avail(first)), phase }).into_iter().collect();
    let segment = Segment {
        sequence: n,
        start,
        duration: SECOND.times(2),
        is_discontinuous: n > 0 && n.is_multiple_of(10),
        spans: spans.into(),
        cues,
        pack: Pack::default(),
    };
    SealedSegment { segment, fragments: vec![Body::from(String::from("x")); 3], parts: vec![], faults: vec![] }
}

impl Written {
    fn open(window: Option<i64>) -> Self {
        Self::of(Asset::open(name(), presentation(), config(window)))
    }

    fn of(asset: Asset) -> Self {
        let mut written =
            Self { asset, pages: Vec::new(), updates: Vec::new(), stored: std::collections::BTreeSet::new() };
        written.drain();
        written
    }

    fn drain(&mut self) {
        while let Some(output) = self.asset.pull() {
            match output {
                AssetOutput::Append(append) => self.append(&append),
                AssetOutput::Grow(_) => {}
                AssetOutput::Update(update) => self.updates.push(update),
                AssetOutput::Store(object) => drop(self.stored.insert(object.name.as_str().into())),
                AssetOutput::Discard(name) => {
                    self.stored.remove(name.as_str());
                    let file = name.as_str().rsplit('/').next().unwrap();
                    let number = ObjectName::page_number(file);
                    self.pages.retain(|(kept, _)| Some(*kept) != number);
                }
            }
        }
    }

    fn append(&mut self, append: &Append) {
        let file = append.name.as_str().strip_prefix("a/index/").unwrap();
        let number = ObjectName::page_number(file).unwrap();
        if self.pages.last().is_none_or(|(last, _)| *last != number) {
            self.pages.push((number, Vec::new()));
        }
        let (_, page) = self.pages.last_mut().unwrap();
        page.truncate(append.at as usize);
        assert_eq!(page.len() as u64, append.at);
        page.extend_from_slice(&append.bytes);
    }

    fn push(&mut self, n: u64) {
        self.asset.push(&sealed(n)).unwrap();
        self.drain();
    }

    fn pages(&self) -> Vec<(u64, Bytes)> {
        self.pages.iter().map(|(number, page)| (*number, Bytes::copy_from_slice(page))).collect()
    }

    fn recovered(&self) -> Recovered {
        Recovered::open(&name(), &self.pages()).unwrap()
    }

    fn is_same_as(&self, recovered: &Recovered) {
        let (timeline, read) = (self.asset.timeline(), recovered.timeline());
        assert!(timeline.segments().eq(read.segments()));
        assert_eq!((timeline.offered(), timeline.captions()), (read.offered(), read.captions()));
        assert_eq!((timeline.drifted(), timeline.is_ended()), (read.drifted(), read.is_ended()));
        assert_eq!(timeline.presentation(), read.presentation());
        (0..3).for_each(|track| assert_eq!(timeline.bitrates(track), read.bitrates(track)));
        let listed: std::collections::BTreeSet<String> = recovered
            .objects()
            .map(|name| name.as_str().into())
            .filter(|name: &String| !name.ends_with(".idx"))
            .collect();
        assert_eq!(listed, self.stored, "what is listed is what is stored");
    }
}

#[test]
fn every_change_comes_back_at_every_moment_a17_10() {
    for window in [Some(300), None] {
        let mut written = Written::open(window);
        written.is_same_as(&written.recovered());
        for n in 0..700 {
            match n {
                5 => written.asset.caption(&[CaptionService::Cea708(2), CaptionService::Cea608(1)]),
                8 | 500 => written.asset.drift(MediaDuration::from_millis(n as i64 - 400)),
                260 => written.asset.offer(&[true, false, true]),
                _ => {}
            }
            written.push(n);
            if n < 40 || n % 37 == 0 || (250..260).contains(&n) {
                written.is_same_as(&written.recovered());
            }
        }
        written.asset.end();
        written.drain();
        written.is_same_as(&written.recovered());
        // 700 segments are three pages; a window of five minutes and a minute more is in the newest.
        let first = if window.is_some() { 2 } else { 0 };
        assert_eq!(written.pages.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (first..3).collect::<Vec<_>>());
    }
}

#[test]
fn what_the_store_has_lost_comes_back_as_lost_row_59() {
    let mut written = Written::open(Some(300));
    let lose = |written: &mut Written, names: &[(usize, u64)]| {
        let name = |(track, n): &(usize, u64)| {
            let segment = sealed(*n).segment;
            ObjectName::fragment(&self::name(), &ladder()[*track], segment.spans[*track].start)
        };
        let names: Vec<ObjectName> = names.iter().map(name).collect();
        let count = written.asset.lose(&names);
        names.iter().for_each(|name| {
            written.stored.remove(name.as_str());
        });
        written.drain();
        count
    };
    (0..220).for_each(|n| written.push(n));
    // Of the newest segment, of one in the midst, of one twice, and of one that has left the window and lingers.
    assert_eq!(lose(&mut written, &[(0, 219), (2, 160), (2, 160), (0, 161), (1, 161), (2, 161)]), 5);
    assert_eq!(written.asset.timeline().lost(), 5);
    assert!(written.asset.timeline().get(161).unwrap().spans.iter().all(Span::is_missing));
    let before = written.updates.len();
    let oldest = written.asset.timeline().first().unwrap().sequence;
    let lingers = written.recovered().kept.segments().nth(3).unwrap().sequence;
    assert!(lingers < oldest);
    assert_eq!(lose(&mut written, &[(0, lingers)]), 1);
    assert!(matches!(written.updates[before..], [TimelineUpdate { change: TimelineChange::Lost(_), .. }]));
    written.is_same_as(&written.recovered());
    // What is not there, or is no fragment, is nothing; a fragment that is gone cannot be lost again.
    let others = [ObjectName::init(&name(), &ladder()[0]), ObjectName::index_page(&name(), 0)];
    assert_eq!(written.asset.lose(&others), 0);
    assert_eq!(lose(&mut written, &[(0, 219), (0, 1), (2, 160)]), 0);
    // It is not discarded when it goes, and the index goes on, over the next page and the end.
    for n in 220..620 {
        written.push(n);
        if n % 40 == 0 {
            assert_eq!(lose(&mut written, &[(2, n), (0, n - 1)]), 2);
        }
        if n % 37 == 0 || (254..260).contains(&n) {
            written.is_same_as(&written.recovered());
        }
    }
    written.asset.end();
    written.drain();
    assert_eq!(lose(&mut written, &[(2, 605)]), 1, "also once it has ended");
    written.is_same_as(&written.recovered());
    // What the store turns out not to have, when it is opened again.
    let mut recovered = written.recovered();
    let of = format!("a/{}/", ladder()[2].name);
    let fragments = |recovered: &Recovered| {
        let objects = recovered.objects();
        objects.filter(|name| name.as_str().starts_with(&of) && name.as_str().ends_with(".m4s")).collect::<Vec<_>>()
    };
    let there = fragments(&recovered);
    assert!(there.len() > 150 && recovered.lose(&there) == there.len());
    assert_eq!((fragments(&recovered), recovered.lose(&there)), (vec![], 0));
    assert!(recovered.timeline().is_ended());
}

#[test]
fn a_segment_of_eight_renditions_takes_some_forty_bytes() {
    let tracks: Vec<TrackSpec> = (0..8).map(aac).collect();
    let mut asset = Asset::open(name(), Presentation::new(tracks, Utc::UNIX_EPOCH).into(), config(Some(300)));
    let mut bytes = 0;
    for n in 0..250u64 {
        let span = Span { start: n * 88_200, duration: 88_200 + (n % 2) as u32 * 1024, bytes: 900_000 };
        let start = MediaTime::ZERO.plus(SECOND.times(2 * n as i64));
        let (duration, cues) = (SECOND.times(2), Arc::default());
        let segment = Segment {
            sequence: n,
            start,
            duration,
            is_discontinuous: false,
            spans: [span; 8].into(),
            cues,
            pack: Pack::default(),
        };
        asset.push(&SealedSegment { segment, fragments: vec![], parts: vec![], faults: vec![] }).unwrap();
        while let Some(output) = asset.pull() {
            if let AssetOutput::Append(append) = output {
                bytes += append.bytes.len();
            }
        }
    }
    println!("{} bytes a segment, the head with them", bytes / 250);
    assert!(bytes / 250 < 70, "{bytes}");
}

#[test]
fn whatever_byte_the_last_page_ends_at_all_that_was_whole_is_there() {
    let mut written = Written::open(None);
    let mut ends = vec![written.pages[0].1.len()];
    for n in 0..12 {
        written.push(n);
        ends.push(written.pages[0].1.len());
    }
    let whole = written.pages[0].1.clone();
    for len in 0..=whole.len() {
        let read = Recovered::open(&name(), &[(0, Bytes::copy_from_slice(&whole[..len]))]);
        let Some(segments) = ends.iter().rposition(|end| *end <= len) else {
            assert_eq!(read.unwrap_err().kind, IndexErrorKind::Empty, "{len}");
            continue;
        };
        let read = read.unwrap();
        assert_eq!((read.timeline().segments().len(), read.torn()), (segments, (len - ends[segments]) as u64), "{len}");
        // It goes on with the byte behind the last whole one, and then reads as if nothing had been.
        let mut again = Written::of(Asset::resume(&read, &presentation(), config(None)).unwrap());
        again.pages = vec![(0, whole[..len].to_vec())];
        again.push(100);
        let segments_now = again.recovered().timeline().segments().len();
        assert_eq!((segments_now, again.recovered().torn()), (segments + 1, 0), "{len}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_seen_and_nothing_behind_it_is_taken() {
    let mut written = Written::open(None);
    (0..300).for_each(|n| written.push(n));
    let (pages, whole) = (written.pages(), written.recovered());
    assert_eq!(pages.len(), 2);
    for (page, (number, bytes)) in pages.iter().enumerate() {
        for at in (0..bytes.len()).step_by(7) {
            let mut broken = bytes.to_vec();
            broken[at] ^= 0x20;
            let mut pages = pages.clone();
            pages[page] = (*number, broken.into());
            match Recovered::open(&name(), &pages) {
                Ok(read) => {
                    assert_eq!(page, 1, "only the last page may end early");
                    let len = read.timeline().segments().len();
                    assert!((256..300).contains(&len) && read.torn() > 0);
                    assert!(read.timeline().segments().eq(whole.timeline().segments().take(len)));
                }
                Err(error) => {
                    let is_version = matches!(error.kind, IndexErrorKind::Version(_));
                    assert!(error.page == *number && error.offset <= at as u64, "{error}");
                    assert!(page == 0 || is_version, "{error}");
                }
            }
        }
    }
}

#[test]
fn pages_come_in_order_and_are_of_one_asset() {
    let mut written = Written::open(None);
    (0..600).for_each(|n| written.push(n));
    let pages = written.pages();
    let open = |pages: &[(u64, Bytes)]| Recovered::open(&name(), pages).map_err(|error| error.kind);
    assert_eq!(open(&[]).unwrap_err(), IndexErrorKind::Empty);
    assert_eq!(open(&[pages[0].clone(), pages[2].clone()]).unwrap_err(), IndexErrorKind::Order(1));
    assert_eq!(open(&[pages[1].clone(), pages[0].clone()]).unwrap_err(), IndexErrorKind::Order(2));
    let renamed = [(0, pages[1].1.clone()), (1, pages[1].1.clone())];
    assert_eq!(open(&renamed).unwrap_err(), IndexErrorKind::Order(1));
    let other = Recovered::open(&AssetName::new("b").unwrap(), &pages);
    assert_eq!(other.unwrap_err().kind, IndexErrorKind::Foreign);
    // Any run of pages opens alone, and knows what was before.
    let read = open(&pages[1..]).unwrap();
    assert_eq!(read.timeline().first().unwrap().sequence, 256);
    let resumed = read.updates().nth(1).unwrap().change;
    let period = sealed(244).segment.start;
    let pack = Some(Pack { number: 255, place: 0, start: sealed(255).segment.start });
    assert_eq!(
        resumed,
        TimelineChange::Resumed(Past { began: sealed(0).segment.start, discontinuities: 25, period, pack })
    );
}

#[test]
fn stale_bytes_behind_a_write_are_never_taken_for_records() {
    let mut written = Written::open(None);
    (0..20).for_each(|n| written.push(n));
    let (_, before) = written.pages[0].clone();
    let cut = Recovered::open(&name(), &[(0, Bytes::copy_from_slice(&before[..before.len() / 2]))]).unwrap();
    let mut asset = Asset::resume(&cut, &presentation(), config(None)).unwrap();
    let segments = cut.timeline().segments().len();
    asset.push(&sealed(400)).unwrap();
    let appends = std::iter::from_fn(|| asset.pull()).filter_map(|output| match output {
        AssetOutput::Append(append) => Some(append),
        _ => None,
    });
    // A host that does not cut the object, which it should.
    let mut sloppy = before;
    for append in appends {
        let at = append.at as usize;
        sloppy[at..at + append.bytes.len()].copy_from_slice(&append.bytes);
    }
    let read = Recovered::open(&name(), &[(0, sloppy.into())]).unwrap();
    assert_eq!(read.timeline().segments().len(), segments + 1);
    assert!(read.torn() > 0);
}

#[test]
fn numbers_go_on_and_the_joint_is_one_discontinuity_row_60() {
    let mut written = Written::open(Some(300));
    (0..3).for_each(|n| written.push(n));
    let mut asset = Asset::resume(&written.recovered(), &presentation(), config(Some(300))).unwrap();
    let push = |asset: &mut Asset, n: u64, own: u64| {
        let mut sealed = sealed(n);
        sealed.segment.sequence = own;
        asset.push(&sealed)
    };
    // It must not begin before the last one ends, and a segment that is refused is none.
    assert!(push(&mut asset, 2, 0).is_err());
    for (n, own) in [(11, 1), (12, 2), (13, 3)] {
        push(&mut asset, n, own).unwrap();
    }
    let numbers: Vec<_> = asset.timeline().segments().map(|s| (s.sequence, s.is_discontinuous)).collect();
    assert_eq!(numbers, [(0, false), (1, false), (2, false), (3, true), (4, false), (5, false)]);
}

#[test]
fn what_players_would_have_to_begin_anew_for_needs_a_new_asset() {
    let mut written = Written::open(Some(300));
    written.push(0);
    let recovered = written.recovered();
    let resume = |presentation: &Arc<Presentation>, config| Asset::resume(&recovered, presentation, config).err();
    assert_eq!(resume(&presentation(), config(Some(300))), None);
    let other = Arc::new(Presentation { epoch: Utc::UNIX_EPOCH, ..(*presentation()).clone() });
    assert_eq!(resume(&other, config(Some(300))), Some(ResumeError::Presentation));
    // How segments are packed follows from the first GOP that is seen, and players know it as it was.
    let packing = Packing::new(None, SECOND.times(4));
    assert_eq!(resume(&Arc::new(Presentation { packing, ..(*presentation()).clone() }), config(Some(300))), None);
    assert!(matches!(resume(&presentation(), config(Some(600))), Some(ResumeError::Window { .. })));
    let longer = AssetConfig { segment_duration: SECOND.times(4), ..config(Some(300)) };
    assert!(matches!(resume(&presentation(), longer), Some(ResumeError::SegmentDuration { .. })));
    written.asset.end();
    written.drain();
    let ended = Asset::resume(&written.recovered(), &presentation(), config(Some(300)));
    assert_eq!(ended.err(), Some(ResumeError::Ended));
}

#[test]
fn an_asset_that_nobody_goes_on_with_ends_where_it_was() {
    let mut written = Written::open(Some(300));
    (0..3).for_each(|n| written.push(n));
    let mut again = Written { asset: Asset::reopen(&written.recovered()), ..written };
    again.updates.clear();
    again.asset.end();
    again.drain();
    assert_eq!(again.updates, [TimelineUpdate { asset: name(), change: TimelineChange::Ended }]);
    again.is_same_as(&again.recovered());
    assert!(again.recovered().timeline().is_ended());
}
