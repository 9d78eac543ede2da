//! Smooth Streaming POSTs with everything that goes wrong with them (SPECS d1 and d4; FAULTS row 66 and section 3).

use std::{iter::from_fn, time::Duration};

use bytes::Bytes;
use headend::{
    channel::Event,
    error::{Fault, FragmentDrop},
    ingest::{
        Demuxed, Demuxer,
        smooth::{Refusal, SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    media::{AccessUnit, CueCarriage, NalFraming, Track, TrackFormat, TrackId},
    splice::OnAir,
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

use crate::{
    rig::{
        smooth_feed::{AUDIO, Gop, SmoothFeed, VIDEO},
        smooth_post::{Told, avc1, boxed, fragment, header, manifest, moov, timed, visual},
        ts_feed::{PPS, SPS_180, SPS_720},
    },
    timeline::{assert_in_step, assert_seamless, on_air},
    watch::watched,
};

fn at(millis: u64) -> Now {
    Now::new(Duration::from_millis(millis), Utc::UNIX_EPOCH)
}

fn session(streams: &SmoothStreams) -> SmoothDemuxer {
    SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), at(0))
}

fn pull(session: &mut SmoothDemuxer) -> Vec<Demuxed> {
    from_fn(|| session.pull()).collect()
}

fn push(session: &mut SmoothDemuxer, bytes: impl Into<Bytes>) -> Vec<Demuxed> {
    session.push(bytes.into(), at(0)).unwrap();
    pull(session)
}

/// A whole POST in pieces of `cut` bytes; its end is the end of its body.
pub fn post(streams: &SmoothStreams, bytes: &[u8], cut: usize) -> Vec<Demuxed> {
    let mut session = session(streams);
    let mut found = Vec::new();
    for piece in bytes.chunks(cut) {
        found.extend(push(&mut session, piece.to_vec()));
    }
    session.finish();
    found.extend(pull(&mut session));
    found
}

fn post_new(bytes: &[u8]) -> Vec<Demuxed> {
    post(&SmoothStreams::new(), bytes, bytes.len().max(1))
}

fn refusal(bytes: &[u8]) -> Refusal {
    let mut session = session(&SmoothStreams::new());
    let error = session.push(bytes.to_vec().into(), at(0)).unwrap_err();
    assert!(!session.is_open());
    assert!(session.push(Bytes::from_static(b"more"), at(0)).is_err(), "it stays refused");
    Refusal::from(&error)
}

pub fn units(found: &[Demuxed]) -> Vec<AccessUnit> {
    let unit = |item: &Demuxed| if let Demuxed::Unit(unit) = item { Some(unit.clone()) } else { None };
    found.iter().filter_map(unit).collect()
}

pub fn of(found: &[Demuxed], track: u32) -> Vec<AccessUnit> {
    units(found).into_iter().filter(|unit| unit.track == TrackId(track)).collect()
}

pub fn faults(found: &[Demuxed]) -> Vec<Fault> {
    let fault = |item: &Demuxed| if let Demuxed::Fault(fault) = item { Some(fault.clone()) } else { None };
    found.iter().filter_map(fault).collect()
}

fn tracks(found: &[Demuxed]) -> Vec<Track> {
    let track = |item: &Demuxed| if let Demuxed::Track(track) = item { Some(track.clone()) } else { None };
    found.iter().filter_map(track).collect()
}

pub fn drop_of(stream: u32, reason: FragmentDrop) -> Fault {
    Fault::FragmentsDropped { count: 1, stream, reason }
}

/// Header boxes and GOPs as one body.
pub fn body(feed: &SmoothFeed, gops: &[Gop]) -> Vec<u8> {
    let fragments = SmoothFeed::sent(gops).into_iter().flat_map(|sent| sent.bytes);
    feed.header().into_iter().chain(fragments).collect()
}

/// A POST of `count` GOPs, and what it comes to when nothing goes wrong.
fn plain(count: usize) -> (SmoothFeed, Vec<Gop>, Vec<Demuxed>) {
    let mut feed = SmoothFeed::new(0);
    feed.script.size = 60;
    let gops = feed.gops(count);
    let found = post_new(&body(&feed, &gops));
    assert_eq!(faults(&found), []);
    assert_eq!(units(&found).len(), feed.script.units.len());
    (feed, gops, found)
}

#[test]
fn a_post_says_its_tracks_and_its_access_units_untouched() {
    let (feed, gops, found) = plain(2);
    let [video, audio] = &tracks(&found)[..] else { panic!("{found:?}") };
    assert_eq!((video.name.as_str(), video.bitrate, video.index), ("video", 600_000, 0));
    let TrackFormat::H264(picture, config) = &video.format else { panic!("{video:?}") };
    assert_eq!((picture.width, config.framing), (320, NalFraming::Length(4)));
    assert_eq!((audio.name.as_str(), audio.language.as_str(), audio.index), ("audio_deu", "deu", 0));
    assert_eq!(audio.timescale.per_second(), 10_000_000);
    assert_eq!(found.last(), Some(&Demuxed::End));
    let pictures = of(&found, VIDEO);
    for (unit, sent) in pictures.iter().zip(feed.script.pictures()) {
        assert_eq!((&unit.data[4..], unit.is_random_access), (&sent.data[..], sent.is_idr));
        let ideal = MediaTime::from_ticks(sent.at, Timescale::MPEG);
        // Encoders cut the fraction of a tick of 10 MHz off, which is 70.56 flicks.
        assert!((0..71).contains(&ideal.since(unit.pts).flicks()), "{unit:?}");
    }
    // Instants are rounded, not lengths: the last picture of a fragment ends where the next one's first begins.
    for pair in pictures.windows(2) {
        assert_eq!(pair[0].dts.plus(pair[0].duration), pair[1].dts);
    }
    // What lies in one push shares its memory.
    let bytes = Bytes::from(body(&feed, &gops));
    let mut session = session(&SmoothStreams::new());
    let range = bytes.as_ptr_range();
    let shared = units(&push(&mut session, bytes.clone()));
    assert!(shared.len() > 60 && shared.iter().all(|unit| range.contains(&unit.data.as_ptr())));
}

#[test]
fn row_66_any_cut_gives_the_same() {
    let (feed, gops, found) = plain(2);
    let bytes = body(&feed, &gops);
    for cut in [1, 2, 3, 7, 8, 64, 1000, 4096] {
        assert_eq!(post(&SmoothStreams::new(), &bytes, cut), found, "{cut}");
    }
    // Every byte is once the last one of a push.
    let bytes = &body(&feed, &gops[..1])[..];
    let found = post_new(bytes);
    for at in 1..bytes.len() {
        let mut session = session(&SmoothStreams::new());
        let mut pieces = push(&mut session, bytes[..at].to_vec());
        pieces.extend(push(&mut session, bytes[at..].to_vec()));
        session.finish();
        pieces.extend(pull(&mut session));
        assert!(pieces == found, "cut at {at}");
    }
}

#[test]
fn row_66_a_duplicate_fragment_is_dropped_and_told() {
    let (feed, mut gops, found) = plain(4);
    gops.insert(2, gops[1].clone());
    gops.insert(4, gops[0].clone());
    let with = post_new(&body(&feed, &gops));
    assert_eq!(units(&with), units(&found));
    let expected = [VIDEO, AUDIO, VIDEO, AUDIO].map(|track| drop_of(track, FragmentDrop::OverlapTimestamp));
    assert_eq!(faults(&with), expected);
    assert_eq!(expected[0].code(), "FragmentDrop_OverlapTimestamp");
    // One that was never taken and is older than the last one.
    let late = fragment(VIDEO, 25_000_000, &[(333_333, 0, b"\0\0\0\x01\x65")], None);
    let with = post_new(&[body(&feed, &gops), late].concat());
    assert_eq!(faults(&with).last(), Some(&drop_of(VIDEO, FragmentDrop::NonIncreasingTimestamp)));
    assert_eq!(faults(&with).last().unwrap().code(), "FragmentDrop_NonIncreasingTimestamp");
}

#[test]
fn row_66_fragments_out_of_order_come_out_in_order() {
    let (feed, gops, found) = plain(8);
    let order = |order: [usize; 8]| order.map(|n| gops[n].clone()).to_vec();
    for permuted in [[0, 2, 1, 3, 4, 5, 6, 7], [0, 4, 3, 2, 1, 5, 7, 6], [0, 5, 4, 3, 2, 1, 6, 7]] {
        let with = post_new(&body(&feed, &order(permuted)));
        assert_eq!(faults(&with), [], "{permuted:?}");
        assert_eq!(of(&with, VIDEO), of(&found, VIDEO), "{permuted:?}");
        assert_eq!(of(&with, AUDIO), of(&found, AUDIO), "{permuted:?}");
    }
    // Five wait for the second: it comes too late.
    let with = post_new(&body(&feed, &order([0, 2, 3, 4, 5, 6, 1, 7])));
    let gap = |stream| Fault::FragmentGap { missing: 1, stream, millis: 1000 };
    let late = |stream| drop_of(stream, FragmentDrop::NonIncreasingTimestamp);
    let told = faults(&with);
    assert!(told.contains(&gap(VIDEO)) && told.contains(&late(VIDEO)), "{told:?}");
    assert_eq!(of(&with, VIDEO).len(), 7 * 30);
}

#[test]
fn row_66_a_missing_fragment_is_a_gap_that_nothing_waits_for_longer_than_a_second() {
    let (feed, gops, found) = plain(4);
    let mut session = session(&SmoothStreams::new());
    push(&mut session, body(&feed, &gops[..1]));
    assert_eq!(session.poll_timeout(), Some(Duration::from_secs(30)));
    session.push(gops[2].video.clone(), at(5000)).unwrap();
    assert_eq!(pull(&mut session), []);
    assert_eq!(session.poll_timeout(), Some(Duration::from_secs(6)));
    session.handle_timeout(at(5999));
    assert_eq!(pull(&mut session), []);
    session.handle_timeout(at(6000));
    let jumped = pull(&mut session);
    assert_eq!(faults(&jumped), [Fault::FragmentGap { missing: 1, stream: VIDEO, millis: 1000 }]);
    assert_eq!(faults(&jumped)[0].code(), "MPE_INGEST_DISCONTINUITY");
    assert_eq!(units(&jumped), of(&found, VIDEO)[60..90]);
    // By its number a missing fragment is told even where the length of the hole would say more of them.
    let mut feed = SmoothFeed::new(0);
    (feed.index, feed.script.gop) = (Some(100), 15);
    let mut gops = feed.gops(6);
    feed.script.gop = 45;
    gops.extend(feed.gops(2));
    gops.drain(4..7);
    let told = faults(&post_new(&body(&feed, &gops)));
    assert_eq!(told[0], Fault::FragmentGap { missing: 3, stream: VIDEO, millis: 2500 });
}

#[test]
fn row_66_a_post_cut_inside_a_moof_goes_on_in_the_next_with_nothing_lost_or_twice() {
    let (feed, gops, found) = plain(5);
    let streams = SmoothStreams::new();
    let whole = body(&feed, &gops[..3]);
    let cut = whole.len() - gops[2].audio.len() - gops[2].video.len() + 50;
    let first = post(&streams, &whole[..cut], 1000);
    let end = Fault::Dropped { count: 1, reason: "fragment cut by the end of the POST" };
    assert_eq!(faults(&first), [end]);
    assert!(!first.contains(&Demuxed::End));
    assert_eq!(streams.newest("video", 600_000), Some(MediaTime::ZERO.plus(MediaDuration::from_secs(2))));
    // The encoder sends its last two fragments again (SPECS d1).
    let second = post(&streams, &body(&feed, &gops[1..]), 1000);
    assert_eq!(faults(&second), [VIDEO, AUDIO].map(|track| drop_of(track, FragmentDrop::OverlapTimestamp)));
    for track in [VIDEO, AUDIO] {
        assert_eq!([of(&first, track), of(&second, track)].concat(), of(&found, track));
    }
    assert_eq!(tracks(&second), tracks(&found));
}

#[test]
fn row_66_a_restart_with_another_init_announces_the_track_and_goes_on() {
    let (mut feed, gops, found) = plain(4);
    let mut bytes = body(&feed, &gops[..2]);
    feed.sps = Bytes::from_static(SPS_720);
    bytes.extend(body(&feed, &gops[1..]));
    let with = post_new(&bytes);
    let widths: Vec<_> = tracks(&with).iter().filter_map(|track| track.format.video()).map(|v| v.width).collect();
    // The sound is what it was, and is not announced again.
    assert_eq!((widths, tracks(&with).len()), (vec![320, 1280], 3));
    assert_eq!(units(&with), units(&found));
    // It comes before the pictures that need it and after those that do not.
    let place = with.iter().rposition(|item| matches!(item, Demuxed::Track(_))).unwrap();
    assert_eq!(of(&with[..place], VIDEO).len(), 60);
}

#[test]
fn an_encoder_whose_clock_begins_anew_is_taken() {
    let (_, _, found) = plain(2);
    let streams = SmoothStreams::new();
    let mut feed = SmoothFeed::new(600_000_000);
    feed.script.size = 60;
    let later = post(
        &streams,
        &{
            let gops = feed.gops(2);
            body(&feed, &gops)
        },
        1000,
    );
    assert_eq!(units(&later).len(), units(&found).len());
    let mut feed = SmoothFeed::new(0);
    feed.script.size = 60;
    let gops = feed.gops(2);
    let anew = post(&streams, &body(&feed, &gops), 1000);
    assert_eq!((units(&anew), faults(&anew)), (units(&found), vec![]));
}

#[test]
fn bodies_without_their_header_boxes_are_refused_with_412() {
    let (feed, gops, _) = plain(1);
    let avc1 = avc1(SPS_180, PPS);
    let video = Told { id: 1, element: "video", name: "v", bitrate: 0, more: "", entry: &avc1 };
    let no_config = visual(b"avc1", &[]);
    let cases: [&[u8]; 6] = [
        &gops[0].video,
        &[boxed(b"ftyp", &[b"isml"]), gops[0].video.to_vec()].concat(),
        &moov(&[]),
        &moov(&[Told { entry: &no_config, ..video }]),
        &[manifest(b"<!DOCTYPE smil []><smil/>"), feed.header()].concat(),
        &boxed(b"moov", &[&vec![0; 2 << 20]]),
    ];
    for (n, case) in cases.into_iter().enumerate() {
        let refused = refusal(case);
        assert_eq!((refused.status, refused.code), (412, "MPE_INGEST_DESCRIPTION_INFO_NOT_RECEIVED"), "{n}");
    }
    assert_eq!(refusal(b"GET / HTTP/1.1\r\n\r\n").status, 400);
    let vp9 = visual(b"vp09", &[]);
    let refused = refusal(&moov(&[Told { entry: &vp9, ..video }]));
    assert_eq!((refused.status, refused.code), (415, "MPE_INGEST_CODEC_NOT_SUPPORTED"));
    // One that nothing reads beside one that can be read is named and stepped over.
    let both = post_new(&moov(&[Told { entry: &vp9, ..video }, Told { id: 2, ..video }]));
    let [first, second] = &tracks(&both)[..] else { panic!("{both:?}") };
    assert_eq!((&first.format, first.index), (&TrackFormat::Unknown("vp09".into()), 0));
    assert_eq!((second.name.as_str(), second.index), ("video_0", 1));
    // A probe has no byte, and ends as it began.
    assert_eq!(post_new(b""), [Demuxed::End]);
}

#[test]
fn codec_private_data_stands_in_for_a_sample_entry() {
    let hex: String =
        [b"\0\0\0\x01", SPS_180, b"\0\0\0\x01", PPS].concat().iter().map(|b| format!("{b:02X}")).collect();
    let more = format!("FourCC=\"H264\" CodecPrivateData=\"{hex}\"");
    let empty = visual(b"avc1", &[]);
    for entry in [&b""[..], &empty] {
        let told = Told { id: 1, element: "video", name: "v", bitrate: 9, more: &more, entry };
        let found = post_new(&header(&[told]));
        let TrackFormat::H264(_, config) = &tracks(&found)[0].format else { panic!("{found:?}") };
        assert_eq!((&config.sps[0][..], &config.pps[0][..]), (SPS_180, PPS));
    }
    let more = "FourCC=\"AACL\" CodecPrivateData=\"1190\"";
    let told = Told { id: 1, element: "audio", name: "a", bitrate: 9, more, entry: b"" };
    let audio = *tracks(&post_new(&header(&[told])))[0].format.audio().unwrap();
    assert_eq!((audio.sample_rate, audio.channels), (48_000, 2));
}

/// FAULTS section 3, fMP4 / Smooth: a typed error for the fragment, and the next one is fine.
#[test]
fn a_broken_fragment_is_told_and_the_next_one_comes() {
    let (feed, gops, _) = plain(1);
    let sample = [(333_333, 0, &b"\0\0\0\x01\x65"[..])];
    let good = fragment(VIDEO, 0, &sample, None);
    let moof_len = u32::from_be_bytes(good[..4].try_into().unwrap()) as usize;
    let tfdt = boxed(b"tfdt", &[&[0; 8]]);
    let mut outside = good.clone();
    let trun = outside.windows(4).position(|kind| kind == b"trun").unwrap();
    outside[trun + 12] = 0x7F;
    let cases: [(Vec<u8>, &str); 7] = [
        (timed(VIDEO, b"", &sample), "PARSE_MISSING"),
        (good[..moof_len].to_vec(), "PARSE_MISSING"),
        (fragment(9, 0, &sample, None), "PARSE_INVALID"),
        (outside, "PARSE_TRUNCATED"),
        (boxed(b"moof", &[&boxed(b"free", &[&vec![0; 2 << 20]])]), "LIMIT_EXCEEDED"),
        (boxed(b"moof", &[b"\0\0\0\x07traf"]), "PARSE_INVALID"),
        ([&good[..moof_len], &[2, 0, 0, 9], b"mdat", &vec![0; (32 << 20) + 1]].concat(), "LIMIT_EXCEEDED"),
    ];
    for (broken, code) in cases {
        let bytes = [&feed.header()[..], &broken, &gops[0].video].concat();
        let found = post_new(&bytes);
        let told: Vec<_> = faults(&found).iter().map(Fault::code).collect();
        assert_eq!((told, of(&found, VIDEO).len()), (vec![code], 30));
    }
    // Boxes that nobody knows, `mdat` without `moof` and `mfra` say nothing; `tfdt` stands in for `tfxd`.
    let other = [boxed(b"free", &[b"x"]), boxed(b"uuid", &[&[7; 16]]), boxed(b"mdat", &[b"y"]), boxed(b"mfra", &[])];
    let found = post_new(&[feed.header(), other.concat(), timed(VIDEO, &tfdt, &sample)].concat());
    assert_eq!((faults(&found), units(&found).len()), (vec![], 1));
}

#[test]
fn negative_offsets_set_decode_times_back_and_keep_presentation_times() {
    // I P B B as FFmpeg writes them: presentation 0, 3, 1, 2.
    let data: [&[u8]; 4] = [b"\0\0\0\x02\x65\x88", b"\0\0\0\x02\x41\x88", b"\0\0\0\x02\x01\x88", b"\0\0\0\x02\x01\x88"];
    let offsets = [0, 800_000, -400_000, -400_000];
    let samples: Vec<_> = data.into_iter().zip(offsets).map(|(data, offset)| (400_000, offset, data)).collect();
    let feed = SmoothFeed::new(0);
    let found = post_new(&[feed.header(), fragment(VIDEO, 10_000_000, &samples, None)].concat());
    let smooth = Timescale::new(10_000_000).unwrap();
    let times: Vec<_> = units(&found).iter().map(|unit| (unit.dts.ticks(smooth), unit.pts.ticks(smooth))).collect();
    let of = |n: i64| 10_000_000 + n * 400_000;
    assert_eq!(times, [(of(-1), of(0)), (of(0), of(3)), (of(1), of(1)), (of(2), of(2))]);
    // FFmpeg's first sound is before zero.
    let found = post_new(&[feed.header(), fragment(AUDIO, -213_333, &[(213_333, 0, b"!")], None)].concat());
    assert_eq!(units(&found)[0].pts.ticks(smooth), -213_333);
}

#[test]
fn row_40_decode_times_level_or_a_tick_back_are_bumped_and_counted_in_each_fragment() {
    let feed = SmoothFeed::new(0);
    let picture = |duration| (duration, 0, &b"\0\0\0\x02\x65\x88"[..]);
    // Three at the same time, then a fragment that begins a tick before the last picture of the one before it.
    let level = fragment(VIDEO, 0, &[picture(0), picture(0), picture(300_000), picture(100_000)], None);
    let back = fragment(VIDEO, 299_999, &[picture(400_000)], None);
    let found = post_new(&[feed.header(), level, back].concat());
    let smooth = Timescale::new(10_000_000).unwrap();
    let times: Vec<_> = units(&found).iter().map(|unit| (unit.dts.ticks(smooth), unit.pts.ticks(smooth))).collect();
    assert_eq!(times, [(0, 0), (10_000, 0), (20_000, 0), (300_000, 300_000), (310_000, 299_999)]);
    assert_eq!(faults(&found), [Fault::Bumped { count: 2 }, Fault::Bumped { count: 1 }]);
}

/// SPECS d4.
#[test]
fn a_sparse_track_is_cues_at_the_time_of_their_splice() {
    let more = "Subtype=\"DATA\" Scheme=\"urn:scte:scte35:2013:bin\" parentTrackName=\"video\" manifestOutput=\"true\"";
    let entry = boxed(b"scte", &[&[0; 8]]);
    let header = header(&[Told { id: 5, element: "textstream", name: "ads", bitrate: 0, more, entry: &entry }]);
    let message = |version: u32, id: u32, delta: u32| {
        [&version.to_be_bytes()[..], &id.to_be_bytes(), &delta.to_be_bytes(), b"\xFC\x30..."].concat()
    };
    let (first, second, odd) = (message(1, 7, 40_000_000), message(1, 8, 0), message(2, 9, 0));
    let cue = |time, message: &[u8]| fragment(5, time, &[(300_000_000, 0, message)], None);
    let streams = SmoothStreams::new();
    let one = post(&streams, &[&header[..], &cue(100_000_000, &first)].concat(), 7);
    let [Demuxed::Cue(found), Demuxed::End] = &one[..] else { panic!("{one:?}") };
    assert_eq!(found.carriage, CueCarriage::SparseTrack);
    assert_eq!((found.at, &found.payload[..]), (MediaTime::ZERO.plus(MediaDuration::from_secs(14)), &first[..]));
    // Short-lived POSTs, each with the last two again; the second comes while the first event lasts.
    let again = [&header[..], &cue(100_000_000, &first), &cue(120_000_000, &second), &cue(130_000_000, &odd)].concat();
    let two = post(&streams, &again, 7);
    let [Demuxed::Fault(twice), Demuxed::Cue(found), Demuxed::Fault(odd), Demuxed::End] = &two[..] else {
        panic!("{two:?}")
    };
    assert_eq!((twice, odd.code()), (&drop_of(5, FragmentDrop::OverlapTimestamp), "PARSE_UNSUPPORTED"));
    assert_eq!(&found.payload[..], second);
    // A POST of cues only has nothing to be idle about.
    assert_eq!(session_of(&header).poll_timeout(), None);
}

fn session_of(bytes: &[u8]) -> SmoothDemuxer {
    let mut session = session(&SmoothStreams::new());
    push(&mut session, bytes.to_vec());
    session
}

#[test]
fn captions_are_a_text_track_whose_units_come_when_there_are_some() {
    let more = "Subtype=\"CAPT\" FourCC=\"TTML\" systemLanguage=\"fra\"";
    let entry = boxed(b"stpp", &[&[0; 8]]);
    let header = header(&[Told { id: 3, element: "textstream", name: "subs", bitrate: 1000, more, entry: &entry }]);
    let text = |time| fragment(3, time, &[(20_000_000, 0, b"<tt/>")], None);
    let found = post_new(&[header, text(0), text(900_000_000), text(920_000_000)].concat());
    let TrackFormat::Text(config) = &tracks(&found)[0].format else { panic!("{found:?}") };
    assert_eq!((&config.four_cc, config.subtype.as_str()), (b"TTML", "CAPT"));
    assert_eq!((tracks(&found)[0].language.as_str(), units(&found).len(), faults(&found).len()), ("fra", 3, 0));
}

#[test]
fn a_post_that_falls_silent_is_ended() {
    let (feed, gops, _) = plain(1);
    let mut session = session_of(&[&feed.header()[..], &gops[0].video[..20]].concat());
    session.handle_timeout(at(29_999));
    assert_eq!(pull(&mut session), []);
    session.handle_timeout(at(30_000));
    let end = pull(&mut session);
    assert!(matches!(end[..], [Demuxed::Fault(Fault::IdleTimeout { .. }), Demuxed::Fault(_), Demuxed::End]), "{end:?}");
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn a_channel_shows_every_picture_over_a_cut_and_a_reconnect() {
    let mut feed = SmoothFeed::new(17_000_000_000_000_000);
    let gops = feed.gops(10);
    let (mut rig, seen) = watched();
    let streams = SmoothStreams::new();
    let attach = |rig: &mut crate::rig::Rig, feed: &SmoothFeed| {
        let mut session = SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), rig.now);
        session.push(feed.header().into(), rig.now).unwrap();
        assert!(session.is_open());
        rig.attach("smooth", Box::new(session))
    };
    let first = attach(&mut rig, &feed);
    let start = rig.now.monotonic;
    let sent = SmoothFeed::sent(&gops);
    rig.play(first, start, &sent[..10]);
    // The connection breaks inside a fragment's bytes.
    rig.bytes(first, sent[10].bytes.slice(..sent[10].bytes.len() / 2));
    rig.close(first);
    rig.pass(Duration::from_millis(200));
    let second = attach(&mut rig, &feed);
    rig.play(second, start, &sent[8..]);
    rig.close(second);
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    assert_in_step(&rig, 8);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate], "{:?}", rig.events);
    let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
    let given: Vec<u8> = seen.lock().unwrap().video.iter().map(|unit| *unit.data.last().unwrap()).collect();
    assert_eq!(given, marks);
    let is_drop = |event: &Event| matches!(event, Event::Fault { fault: Fault::FragmentsDropped { .. }, .. });
    assert!(rig.count_events(is_drop) > 0, "{:?}", rig.events);
}
