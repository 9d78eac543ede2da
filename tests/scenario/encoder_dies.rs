//! One of two encoders that send the same dies, over whatever protocol, however it ends and whichever is ahead (A5.6, A5.7;
//! FAULTS row 18).

use std::time::Duration;

use headend::{
    archive::Segment,
    channel::Slot,
    ingest::{
        DatagramDemuxer, Demuxer, RtpConfig,
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    media::AccessUnit,
};

use crate::{
    failover::{End, Leg, accepted, attach, failovers, play},
    rig::{
        Rig,
        line::{RtpSender, over_rtp},
        rtmp_feed::{RtmpFeed, avcc},
        script::{Random, Script},
        smooth_feed::SmoothFeed,
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_seamless},
    watch::watched,
};

/// An encoder of 300 pictures into a slot, whose first has this time in ticks of 90 kHz; it connects after so many seconds.
type Line = fn(&mut Rig, Slot, i64, u64, u64) -> Leg;

const PICTURES: usize = 300;

fn leg(id: headend::channel::IngestId, mut sent: Vec<crate::rig::script::Sent>, after: u64, delay: u64) -> Leg {
    sent.retain(|sent| sent.at >= Duration::from_secs(after));
    Leg::new(id, sent, delay)
}

fn rtmp(rig: &mut Rig, slot: Slot, first: i64, after: u64, delay: u64) -> Leg {
    let mut feed = RtmpFeed::new((first / 90) as u32);
    let demuxer = accepted(&mut feed, rig.now);
    let id = attach(rig, slot, demuxer, "rtmp");
    // Its sequence headers have the time at which it connects.
    let ms = feed.offset.wrapping_add(after as u32 * 1000);
    let video = [&[0x17, 0, 0, 0, 0], &avcc(&feed.sps, &feed.pps)[..]].concat();
    let audio = [&[0xAF, 0], &feed.asc[..]].concat();
    rig.bytes(id, [feed.publisher.video_tag(ms, &video), feed.publisher.audio_tag(ms, &audio)].concat());
    leg(id, feed.pictures(PICTURES), after, delay)
}

fn rtp(rig: &mut Rig, slot: Slot, first: i64, after: u64, delay: u64) -> Leg {
    let id = attach(rig, slot, Box::new(DatagramDemuxer::new(RtpConfig::default())), "rtp");
    let packets = TsFeed::new(first).pictures(PICTURES);
    leg(id, over_rtp(&packets, &mut RtpSender::default()), after, delay)
}

/// Fragments of two seconds.
fn smooth(rig: &mut Rig, slot: Slot, first: i64, after: u64, delay: u64) -> Leg {
    let mut feed = SmoothFeed::new(first * 1000 / 9);
    feed.script.gop = 60;
    let mut demuxer = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), rig.now);
    demuxer.push(feed.header().into(), rig.now).unwrap();
    let id = attach(rig, slot, Box::new(demuxer), "smooth");
    leg(id, SmoothFeed::sent(&feed.gops(PICTURES / 60)), after, delay)
}

/// What came of a feed over two lines: what the decoders were given, what was stored of it, and what happened before its end.
struct Run {
    rig: Rig,
    given: [Vec<(bool, Vec<u8>)>; 2],
    segments: Vec<(Segment, Vec<Vec<u8>>)>,
    failovers: usize,
}

fn run(line: Line, firsts: [i64; 2], after: [u64; 2], delays: [u64; 2], kill: impl Fn(&mut [Leg; 2])) -> Run {
    let (mut rig, seen) = watched();
    let mut legs = [Slot::Primary, Slot::Secondary]
        .map(|slot| line(&mut rig, slot, firsts[slot as usize], after[slot as usize], delays[slot as usize]));
    kill(&mut legs);
    play(&mut rig, &mut legs);
    let (failovers, whole) = (failovers(&rig), rig.segments());
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    let names: Vec<String> = rig.presentation().tracks.iter().map(|track| track.name.clone()).collect();
    let objects = |segment: &Segment| {
        let each = names.iter().zip(segment.spans.iter());
        each.map(|(name, span)| rig.object(&format!("asset/{name}/{}.m4s", span.start))).collect()
    };
    let segments = whole.into_iter().map(|segment| (segment.clone(), objects(&segment))).collect();
    let seen = seen.lock().unwrap().clone();
    let given = |units: &[AccessUnit]| units.iter().map(|unit| (unit.is_damaged, unit.data.to_vec())).collect();
    let given = [given(&seen.video), given(&seen.audio)];
    Run { rig, given, segments, failovers }
}

impl Run {
    /// The decoders were given the same.
    fn assert_given(&self, reference: &Self, what: &str) {
        for (ours, theirs) in self.given.iter().zip(&reference.given) {
            let differ = ours.iter().zip(theirs).position(|(one, other)| one != other);
            assert!(ours == theirs, "{what}: {} of {} from {differ:?}", ours.len(), theirs.len());
        }
    }

    /// So were players, up to the feed's end.
    fn assert_like(&self, reference: &Self, what: &str) {
        self.assert_given(reference, what);
        let count = self.segments.len().min(reference.segments.len());
        assert!(count >= 4, "{what}: {count}");
        let differ = self.segments.iter().zip(&reference.segments).position(|(one, other)| one != other);
        assert_eq!(differ, None, "{what}");
    }
}

/// FAULTS' bar: killed at a random instant, 20 times by seed, and nobody can tell.
fn assert_nothing_is_lost(line: Line, is_datagrams: bool) {
    let firsts = [900_000; 2];
    let reference = run(line, firsts, [0; 2], [0, 15], |_| {});
    assert!(reference.given[0].len() + 1 >= PICTURES && reference.failovers == 0);
    for seed in 0..20 {
        let mut random = Random(seed);
        let lag = random.below(400) as u64;
        let delays = if random.below(2) == 0 { [0, lag] } else { [lag, 0] };
        let dead = random.below(2);
        let dies = Duration::from_micros(2_500_000 + random.below(6_000_000) as u64);
        let end = End { part: random.below(1000), is_datagrams, closes: random.below(2) == 0 };
        let killed = run(line, firsts, [0; 2], delays, |legs| (legs[dead].dies, legs[dead].end) = (Some(dies), end));
        let what = format!("seed {seed}: {dead} of {delays:?} dies at {dies:?}, {end:?}");
        killed.assert_like(&reference, &what);
        assert!(killed.failovers <= 1, "{what}: {} failovers", killed.failovers);
    }
}

#[test]
fn an_rtmp_encoder_of_two_dies_and_nothing_is_lost_a5_7() {
    assert_nothing_is_lost(rtmp, false);
}

#[test]
fn a_transport_stream_of_two_dies_and_nothing_is_lost_a5_7() {
    assert_nothing_is_lost(rtp, true);
}

#[test]
fn a_smooth_encoder_of_two_dies_and_nothing_is_lost_a5_7() {
    assert_nothing_is_lost(smooth, false);
}

#[test]
fn two_smooth_encoders_that_live_are_no_reason_to_switch_i8() {
    let reference = run(smooth, [0; 2], [0; 2], [0, 0], |_| {});
    // Beside each other, a second apart, and one that connects when the other is on air.
    for (after, delays) in [([0, 0], [0, 50]), ([0, 0], [0, 1000]), ([0, 0], [1000, 0]), ([0, 4], [0, 1000])] {
        let what = format!("{after:?}, {delays:?}");
        let both = run(smooth, [0; 2], after, delays, |_| {});
        both.assert_like(&reference, &what);
        assert_eq!(both.failovers, 0, "{what}");
    }
}

/// The secondary connects when the time stamps of both have wrapped, and the primary dies.
fn assert_one_clock(line: Line, wrap: i64) {
    let watch = |first: i64| {
        let dies = |legs: &mut [Leg; 2]| legs[0].dies = Some(Duration::from_secs(7));
        run(line, [first; 2], [0, 5], [0, 100], dies)
    };
    let plain = watch(900_000);
    assert_eq!(plain.failovers, 1);
    for before in [3 * Script::SECOND, 6 * Script::SECOND] {
        let wrapped = watch(wrap - before);
        wrapped.assert_like(&plain, "over the wrap");
        assert_eq!(wrapped.failovers, 1);
    }
}

#[test]
fn row_1_two_transport_streams_are_on_one_clock_over_the_wrap() {
    assert_one_clock(rtp, 1 << 33);
}

#[test]
fn row_2_two_rtmp_encoders_are_on_one_clock_over_the_wrap() {
    assert_one_clock(rtmp, 90 << 32);
}

#[test]
fn row_18_over_transport_streams_the_late_secondary_stands_in_and_the_primary_comes_back() {
    let run = |kill: &dyn Fn(&mut [Leg; 2])| run(rtp, [900_000; 2], [0; 2], [0, 400], kill);
    // The feed ends with the primary in both.
    let reference = run(&|legs| legs[1].dies = Some(Duration::from_millis(10_000)));
    assert_eq!((reference.given[0].len() + 1 >= PICTURES, reference.failovers), (true, 0));
    let hole = Duration::from_secs(3)..Duration::from_secs(5);
    let back = run(&|legs| {
        legs[0].sent.retain(|sent| !hole.contains(&sent.at));
        legs[1].dies = Some(Duration::from_secs(7));
    });
    back.assert_like(&reference, "a hole of two seconds, then the secondary dies");
    assert_eq!(back.failovers, 2, "to the secondary, and back when that dies");
    assert_in_step(&back.rig, 8);
}
