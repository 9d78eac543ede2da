//! Captions through whole channels: what viewers read in every rung is what the contribution says (A13.1, FAULTS row 50).

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use headend::{
    archive::TimelineChange,
    channel::{Channel, ChannelConfig, Encoding, Event, PassThrough, Session},
    ingest::Demuxed,
    media::{AccessUnit, CaptionService, FrameRate, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    origin::{Origin, OriginConfig, Reply, Request},
    splice::{CaptionDrop, OnAir},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{
        Rig, Schedule,
        captions::{CaptionScript, Shown, cc_data, read_payloads, sei, texts},
        feed::{Encoder, Feed},
        small_config,
        toy_codecs::ToyCodecs,
    },
    timeline::{assert_same, assert_seamless},
};

/// An encoder that sends captions, and what it sent.
struct Source {
    encoder: Encoder,
    script: CaptionScript,
    origin: MediaTime,
    rate: FrameRate,
    sent: Vec<(i64, Bytes)>,
}

impl Source {
    fn attach(rig: &mut Rig, at: MediaTime, rate: FrameRate) -> Self {
        let encoder = Encoder::attach(rig, at, rate, 48_000);
        Self { encoder, script: CaptionScript::news(40), origin: at, rate, sent: Vec::new() }
    }

    fn send(&mut self, rig: &mut Rig, seconds: f64) {
        let frames = (seconds / self.encoder.frame.as_secs_f64()).round() as u64;
        (0..frames).for_each(|_| self.send_frame(rig));
    }

    fn send_frame(&mut self, rig: &mut Rig) {
        let at = self.encoder.video_at.since(self.origin).ticks(Timescale::MPEG);
        let payload = Bytes::from(self.script.next(at, self.rate.as_f64() > 40.0));
        self.encoder.sei = Some(sei(&payload));
        self.sent.push((at, payload));
        self.encoder.send_frame(rig);
        rig.pass(self.encoder.frame.to_std());
    }

    /// What its viewers would read, were it seen without a channel.
    fn shown(&self) -> Vec<Shown> {
        read_payloads(&self.sent)
    }
}

fn on_air(config: ChannelConfig) -> Rig {
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

fn rate(num: u32, den: u32) -> FrameRate {
    FrameRate::new(num, den).unwrap()
}

fn at(seconds: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_secs(seconds))
}

const SERVICES: [&str; 3] = ["CC1", "CC3", "SERVICE1"];

fn captions(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("CAPTION {n:02}")).collect()
}

/// When the slate was on air, in ticks.
fn slates(rig: &Rig) -> Vec<(i64, OnAir)> {
    let source = |event: &Event| if let Event::OnAir { source, at } = event { Some((*at, *source)) } else { None };
    let all = rig.events.iter().filter_map(|(_, event)| source(event));
    all.map(|(at, source)| (at.ticks(Timescale::MPEG), source))
        .skip_while(|(_, source)| *source != OnAir::Live)
        .collect()
}

/// What was taken is accounted for, and nothing was left out but for these reasons.
fn assert_balanced(rig: &Rig, reasons: &[CaptionDrop]) {
    let ledger = rig.channel.captions().unwrap();
    assert!(ledger.is_balanced() && ledger.taken > 0, "{ledger:?}");
    let dropped: Vec<CaptionDrop> = ledger.dropped.keys().copied().collect();
    assert_eq!(dropped, reasons, "{ledger:?}");
}

#[test]
fn captions_of_every_rate_are_the_same_in_every_rung_row_50() {
    for (rate, merges) in [
        (rate(24_000, 1001), false),
        (rate(24, 1), false),
        (FrameRate::FPS_25, false),
        (FrameRate::FPS_29_97, false),
        (FrameRate::FPS_30, false),
        (rate(50, 1), true),
        (rate(60_000, 1001), true),
        (rate(60, 1), true),
    ] {
        let mut rig = on_air(small_config());
        let mut source = Source::attach(&mut rig, at(77), rate);
        source.send(&mut rig, 12.0);
        assert_seamless(&rig);
        let expected = source.shown();
        let rungs = [rig.read_captions("asset", 0), rig.read_captions("asset", 1)];
        assert_eq!(rungs[0], rungs[1], "{rate:?}");
        // From when the first picture was placed on the channel's clock.
        let live = slates(&rig)[0].0;
        let end = rig.segments().last().unwrap().end().ticks(Timescale::MPEG) - live;
        let frame = rate.capped(FrameRate::FPS_30).frame_duration().ticks(Timescale::MPEG);
        for service in SERVICES {
            let of = |shown: &[Shown], from: i64| {
                let all = shown.iter().filter(|shown| shown.service == service && shown.at - from < end - 10 * frame);
                all.map(|shown| (shown.at - from, shown.text.clone())).collect::<Vec<_>>()
            };
            let (found, expected) = (of(&rungs[0], live), of(&expected, 0));
            let texts = |shown: &[(i64, String)]| shown.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
            assert!(expected.len() > 8, "{service} at {rate:?}: {expected:?}");
            assert_eq!(texts(&found), texts(&expected), "{service} at {rate:?}");
            let late = found.iter().zip(&expected).map(|((found, _), (expected, _))| found - expected);
            assert!(late.clone().all(|late| (-2..=2 * frame).contains(&late)), "{:?}", late.collect::<Vec<_>>());
        }
        assert_balanced(&rig, &[]);
        let ledger = rig.channel.captions().unwrap();
        assert_eq!(ledger.merged > 0, merges, "{rate:?}: {ledger:?}");
        assert_eq!((ledger.added, ledger.broken), (0, 0));
        // From the first caption on every frame has as many constructs as its rate asks for.
        let counts: BTreeSet<usize> = rig
            .stored("asset", 0)
            .iter()
            .filter_map(|unit| Some(usize::from(cc_data(&unit.data)?[0] & 0x1F)))
            .collect();
        let shown = rate.capped(FrameRate::FPS_30).as_f64();
        assert_eq!(counts, BTreeSet::from([(600.0 / shown).round() as usize]), "{rate:?}");
    }
}

#[test]
fn b_pictures_bring_captions_in_decode_order_row_50() {
    let mut rig = on_air(small_config());
    let feed = Feed::default();
    let id = rig.channel.attach("feed", feed.demuxer(), rig.now).unwrap();
    let video = VideoTrack { frame_rate: Some(FrameRate::FPS_30), ..VideoTrack::new(16, 16) };
    let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
    feed.push(Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, TrackFormat::H264(video, config))));
    let mut script = CaptionScript::news(10);
    let sent: Vec<(i64, Bytes)> = (0..360).map(|n| (n * 3000, script.next(n * 3000, false).into())).collect();
    // A pyramid: I or P, then B, then the two b of each group of four.
    let order = (0..360).step_by(4).flat_map(|group| [3, 1, 0, 2].map(|n| group + n));
    for (decoded, shown) in order.enumerate() {
        let ticks = |n: i64| MediaTime::from_ticks(n * 3000, Timescale::MPEG);
        let (pts, dts) = (ticks(shown + 3), ticks(decoded as i64));
        let is_idr = decoded % 60 == 0;
        let slice = [0, 0, 0, 1, if is_idr { 0x65 } else { 0x41 }, 0x88, 60 + (shown % 100) as u8];
        let data = [&sei(&sent[shown as usize].1)[..], &slice].concat().into();
        let duration = MediaDuration::from_ticks(3000, Timescale::MPEG);
        let (track, is_damaged) = (TrackId(1), false);
        let unit = AccessUnit { track, pts, dts, duration, is_random_access: is_idr, is_damaged, data };
        feed.push(Demuxed::Unit(unit));
        rig.bytes(id, vec![0]);
        rig.pass(Duration::from_nanos(33_333_333));
    }
    let expected = read_payloads(&sent);
    for rung in 0..2 {
        let found = rig.read_captions("asset", rung);
        for service in SERVICES {
            let found = texts(&found, service);
            assert!(found.len() >= 4 && texts(&expected, service).starts_with(&found), "{service}: {found:?}");
        }
    }
    assert!(rig.channel.captions().unwrap().is_balanced());
}

#[test]
fn a_slate_erases_the_caption_and_later_ones_go_on_row_50() {
    let mut rig = on_air(small_config());
    let mut source = Source::attach(&mut rig, at(77), FrameRate::FPS_29_97);
    // Caption 1 is shown from 3.0 to 4.5, 4 from 9.0 to 10.5.
    source.send(&mut rig, 4.0);
    rig.channel.show_slate(None, None).unwrap();
    source.send(&mut rig, 6.0);
    rig.channel.hide_slate().unwrap();
    source.send(&mut rig, 8.0);
    assert_seamless(&rig);
    let slates = slates(&rig);
    let [(_, OnAir::Live), (from, OnAir::OperatorSlate), (until, OnAir::Live)] = slates[..] else {
        panic!("{slates:?}")
    };
    for rung in 0..2 {
        let shown = rig.read_captions("asset", rung);
        assert_eq!(texts(&shown, "CC1"), captions([0, 1, 5, 6, 7]));
        assert_eq!(texts(&shown, "SERVICE1"), captions([0, 1, 5, 6, 7]));
        for service in SERVICES {
            let of: Vec<&Shown> = shown.iter().filter(|shown| shown.service == service).collect();
            // Erased within four pairs of each channel, and then nothing as long as the slate shows.
            let last = of.iter().rev().find(|shown| shown.at < from + 20 * 3003).unwrap();
            assert_eq!(last.text, "", "{service}");
            assert!(of.iter().all(|shown| !(from + 5 * 3003..until).contains(&shown.at)), "{service}: {of:?}");
        }
        // A viewer who is on the slate for long is sent nothing.
        let carried = rig.stored("asset", rung).into_iter().filter(|unit| (from + 135_000..until).contains(&unit.pts));
        let carried: Vec<_> = carried.filter_map(|unit| cc_data(&unit.data)).collect();
        assert!(carried.is_empty(), "{}", carried.len());
    }
    assert_balanced(&rig, &[CaptionDrop::Hidden]);
    // Two channels of CEA-608 and a packet of three pairs.
    assert_eq!(rig.channel.captions().unwrap().added, 4 + 4 + 3);
}

#[test]
fn a_loss_and_a_jump_leave_no_caption_behind_row_50() {
    for what in ["loss", "jump", "another"] {
        let mut rig = on_air(small_config());
        let mut source = Source::attach(&mut rig, at(77), FrameRate::FPS_25);
        source.send(&mut rig, 4.0);
        let mut next = match what {
            "loss" => {
                rig.pass(Duration::from_secs(6));
                let mut source = source;
                source.encoder.jump(MediaDuration::from_secs(6));
                // The first pictures that come back are no IDR pictures.
                source.encoder.skip_idr();
                source
            }
            "jump" => {
                // The encoder's clock is set back, and its captions go on from second 10 of their own time.
                let mut source = source;
                source.encoder.jump(MediaDuration::from_secs(-3000));
                source.origin = source.origin.plus(MediaDuration::from_secs(-3006));
                source
            }
            _ => {
                rig.close(source.encoder.id());
                let mut next = Source::attach(&mut rig, at(5000), FrameRate::FPS_25);
                next.origin = next.origin.plus(MediaDuration::from_secs(-10));
                next
            }
        };
        // What is not sent is not caught up with: captions 2 to 4 never come.
        let mut skipped = CaptionScript::news(40);
        (0..250).for_each(|n| drop(skipped.next(n * 3600, false)));
        next.script = skipped;
        next.send(&mut rig, 10.0);
        assert_seamless(&rig);
        for rung in 0..2 {
            let shown = rig.read_captions("asset", rung);
            let texts = texts(&shown, "CC1");
            let ledger = rig.channel.captions().unwrap();
            assert!(texts.starts_with(&captions((0..2).chain(5..8))), "{what}: {texts:?} {ledger:?}");
            assert!(!texts.iter().any(|text| text.len() != 10), "{what}: {texts:?}");
            // Caption 1 is erased before it would have been, or when the slate comes.
            let one = shown.iter().position(|shown| shown.text == "CAPTION 01" && shown.service == "CC1").unwrap();
            let next = shown[one + 1..].iter().find(|shown| shown.service == "CC1").unwrap();
            assert_eq!(next.text, "", "{what}");
            let held = next.at - shown[one].at;
            assert!(held < if what == "jump" { 110_000 } else { 220_000 }, "{what}: {held}");
        }
        let ledger = rig.channel.captions().unwrap();
        assert!(ledger.is_balanced() && ledger.added >= 8, "{what}: {ledger:?}");
        assert_eq!(ledger.dropped_for(CaptionDrop::BeforeIdr) > 0, what == "loss", "{what}: {ledger:?}");
    }
}

#[test]
fn captions_that_are_ignored_are_neither_read_nor_written_a13_1() {
    let mut rig = on_air(ChannelConfig { ignore_captions: true, ..small_config() });
    let mut source = Source::attach(&mut rig, at(77), FrameRate::FPS_30);
    source.send(&mut rig, 6.0);
    assert_seamless(&rig);
    assert!(rig.stored("asset", 0).iter().all(|unit| cc_data(&unit.data).is_none()));
    assert!(Channel::captions(&rig.channel).is_none());
    assert!(!rig.updates.iter().any(|update| matches!(update.change, TimelineChange::Captioned(_))));
}

#[test]
fn without_captions_nothing_is_written_and_nothing_announced() {
    let mut rig = on_air(small_config());
    let mut encoder = Encoder::attach(&mut rig, at(77), FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(6));
    assert!(rig.stored("asset", 0).iter().all(|unit| cc_data(&unit.data).is_none()));
    assert!(!manifest(&rig, "Manifest(format=m3u8-cmaf)").contains("CLOSED-CAPTIONS"));
    assert!(!manifest(&rig, "Manifest(format=mpd-time-cmaf)").contains("Accessibility"));
}

fn manifest(rig: &Rig, rest: &str) -> String {
    let mut origin = Origin::new(OriginConfig::default());
    rig.updates.iter().for_each(|update| origin.apply(update).unwrap());
    origin.publish("loc", &rig.updates[0].asset, "ch").unwrap();
    match origin.handle(&Request::get(&format!("/loc/ch.ism/{rest}")), rig.now) {
        Reply::Response(response) => String::from_utf8(response.body.to_bytes().to_vec()).unwrap(),
        _ => panic!("{rest} is no manifest"),
    }
}

#[test]
fn services_are_announced_with_the_segment_in_which_they_are_seen_and_stay_a13_2() {
    let mut rig = on_air(small_config());
    let mut source = Source::attach(&mut rig, at(77), FrameRate::FPS_30);
    source.send(&mut rig, 8.0);
    rig.close(source.encoder.id());
    rig.pass(Duration::from_secs(4));
    rig.start_program("second");
    let mut plain = Encoder::attach(&mut rig, at(9), FrameRate::FPS_30, 48_000);
    plain.send(&mut rig, Duration::from_secs(8));
    let told = |asset: &str| {
        let of = rig.updates.iter().filter(|update| update.asset.as_str() == asset).enumerate();
        let all = of.filter_map(|(n, update)| match &update.change {
            TimelineChange::Captioned(services) => Some((n, services.to_vec())),
            _ => None,
        });
        all.collect::<Vec<_>>()
    };
    use CaptionService::{Cea608, Cea708};
    let all = vec![Cea608(1), Cea608(3), Cea708(1)];
    assert_eq!(told("asset").last().unwrap().1, all);
    // A later program knows what the channel has seen, before its first segment.
    assert_eq!(told("second"), [(1, all)]);
    let master = manifest(&rig, "Manifest(format=m3u8-cmaf)");
    for service in SERVICES {
        assert!(master.contains(&format!("INSTREAM-ID=\"{service}\"")), "{master}");
    }
    assert_eq!(master.matches(",CLOSED-CAPTIONS=\"captions\"").count(), 1, "{master}");
    let mpd = manifest(&rig, "Manifest(format=mpd-time-cmaf)");
    assert!(mpd.contains("urn:scte:dash:cc:cea-608:2015\" value=\"CC1=und;CC3=und\""), "{mpd}");
    assert!(mpd.contains("urn:scte:dash:cc:cea-708:2015\" value=\"1=lang:und\""), "{mpd}");
}

#[test]
fn what_is_passed_through_keeps_its_captions_and_they_are_named_a9_3() {
    for ignores in [false, true] {
        let mut config = ChannelConfig { ignore_captions: ignores, ..ChannelConfig::new("relay").unwrap() };
        config.encoding = Encoding::None(PassThrough::default());
        let mut rig = on_air(config);
        let feed = Feed::default();
        let id = rig.channel.attach("feed", feed.demuxer(), rig.now).unwrap();
        let video = VideoTrack { frame_rate: Some(FrameRate::FPS_25), ..VideoTrack::new(320, 180) };
        let (sps, pps) = (Bytes::from_static(b"\x67\x64\0\x1F\x09\xB4"), Bytes::from_static(b"\x68\xEE\x3C\xB0"));
        let config = H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![pps] };
        feed.push(Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, TrackFormat::H264(video, config))));
        let mut script = CaptionScript::news(10);
        let mut sent = Vec::new();
        for n in 0..300 {
            let pts = MediaTime::from_ticks(n * 3600, Timescale::MPEG);
            let message = sei(&script.next(n * 3600, false)).split_off(4);
            let slice = [if n % 50 == 0 { 0x65 } else { 0x41 }, 0x88, n as u8 | 1];
            let framed = |nal: &[u8]| [&(nal.len() as u32).to_be_bytes()[..], nal].concat();
            let data = Bytes::from([framed(&message), framed(&slice)].concat());
            sent.push(data.to_vec());
            let duration = MediaDuration::from_ticks(3600, Timescale::MPEG);
            let (track, is_random_access, is_damaged) = (TrackId(1), n % 50 == 0, false);
            feed.push(Demuxed::Unit(AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged, data }));
            rig.bytes(id, vec![0]);
            rig.pass(Duration::from_millis(40));
        }
        let stored: Vec<Vec<u8>> = rig.stored("asset", 0).into_iter().map(|unit| unit.data).collect();
        assert!(stored.len() >= 200 && sent.starts_with(&stored));
        assert!(rig.channel.captions().is_none());
        let master = manifest(&rig, "Manifest(format=m3u8-cmaf)");
        let named = |service: &&str| master.contains(&format!("INSTREAM-ID=\"{service}\""));
        assert_eq!(SERVICES.iter().filter(|service| named(service)).count(), if ignores { 0 } else { 3 }, "{master}");
    }
}

#[test]
fn captions_do_not_depend_on_which_thread_ran_what() {
    let run = |schedule| {
        let mut rig = Rig::scheduled(small_config(), ToyCodecs::shared(), schedule);
        rig.start();
        rig.start_program("asset");
        let mut source = Source::attach(&mut rig, at(77), rate(60_000, 1001));
        source.send(&mut rig, 5.0);
        rig.channel.show_slate(Some(Duration::from_secs(2)), None).unwrap();
        source.send(&mut rig, 5.0);
        source.encoder.jump(MediaDuration::from_secs(500));
        source.send(&mut rig, 3.0);
        rig
    };
    let inline = run(Schedule::Inline);
    for schedule in [Schedule::Shuffled(3, 5), Schedule::Threads(3)] {
        let other = run(schedule);
        assert_same(&inline, &other);
        assert_eq!(inline.channel.captions(), other.channel.captions());
    }
}

#[test]
fn another_slot_that_takes_over_starts_with_an_erased_screen() {
    let mut rig = on_air(small_config());
    let mut source = Source::attach(&mut rig, at(77), FrameRate::FPS_30);
    let session = Session { slot: headend::channel::Slot::Secondary, ..Session::new("feed") };
    let mut spare = Encoder::attach_as(&mut rig, session, at(4000), FrameRate::FPS_30, 48_000);
    for _ in 0..120 {
        source.send_frame(&mut rig);
        spare.send_frame(&mut rig);
    }
    // Caption 1 shows; its encoder falls silent.
    spare.send(&mut rig, Duration::from_secs(6));
    assert!(rig.count_events(|event| matches!(event, Event::Failover { .. })) > 0);
    assert_seamless(&rig);
    let shown = rig.read_captions("asset", 1);
    assert_eq!(texts(&shown, "CC1"), captions([0, 1]));
    assert_eq!(shown.iter().rfind(|shown| shown.service == "CC1").unwrap().text, "");
    assert!(rig.channel.captions().unwrap().added >= 4);
}
