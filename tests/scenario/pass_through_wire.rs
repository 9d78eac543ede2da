//! Bytes of real protocols through a pass-through channel: what is stored is what came, bit for bit and tick for tick, and
//! every manifest lists it (A1.1, A9, A20.9).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    archive::AssetName,
    channel::Event,
    error::Fault,
    ingest::Demuxed,
    media::{AccessUnit, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    ladder_feeds::{Connection, Encoder, Lane, Source, captions, pictures, rig, session, sound, sps, video},
    rig::{
        Rig,
        feed::Feed,
        rtmp_publisher::with_length,
        script::host_time,
        smooth_post::{avc1, boxed, mp4a, visual},
        ts_feed::{PPS, SPS_180, SPS_720},
    },
    stored::{Stored, find, fragments},
};

fn stop(rig: &mut Rig) {
    let ids: Vec<_> = rig.channel.running_programs().map(|(id, _)| id).collect();
    for id in ids {
        rig.channel.stop_program(id).unwrap();
    }
    rig.pass(Duration::from_secs(3));
    let faults: Vec<&Event> =
        rig.events.iter().map(|(_, event)| event).filter(|event| matches!(event, Event::Fault { .. })).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

/// Every rung is cut at the same instants, and each track's decode times go on from fragment to fragment.
fn assert_aligned(rig: &Rig) {
    let presentation = rig.presentation();
    for (n, spec) in presentation.tracks.iter().enumerate().filter(|(_, spec)| !spec.name.starts_with("text")) {
        let fragments = fragments(rig, n);
        assert_eq!(fragments.len(), rig.segments().len(), "{}", spec.name);
        for (fragment, segment) in fragments.iter().zip(rig.segments()) {
            let is_video = spec.format.is_video();
            assert!(fragment[0].is_sync && fragment[0].dts as u64 == segment.spans[n].start, "{}", spec.name);
            assert!(!is_video || fragment[0].pts == segment.start.ticks(spec.timescale), "{}", spec.name);
        }
        for pair in fragments.windows(2) {
            let last = pair[0].last().unwrap();
            assert_eq!(last.dts + last.duration, pair[1][0].dts, "{}", spec.name);
        }
    }
}

/// What is stored of a track is what was sent of it, from the first access unit on; how many.
fn assert_stored(rig: &Rig, name: &str, sent: &[Stored]) -> usize {
    let track = rig.presentation().tracks.iter().position(|spec| spec.name == name).unwrap();
    let stored: Vec<Stored> = fragments(rig, track).concat();
    assert!(stored.len() <= sent.len() && !stored.is_empty(), "{name}: {} of {}", stored.len(), sent.len());
    for (n, (one, sent)) in stored.iter().zip(sent).enumerate() {
        // Of the last one nothing says how long it lasts where its protocol does not.
        let duration = if n + 1 == stored.len() { sent.duration } else { one.duration };
        assert!(Stored { duration, ..one.clone() } == *sent, "{name}: access unit {n} is {one:?} and was {sent:?}");
    }
    stored.len()
}

fn init(rig: &Rig, name: &str) -> Vec<u8> {
    rig.object(&format!("asset/{name}/init.mp4"))
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// HLS master and DASH manifest.
fn manifests(rig: &Rig) -> [String; 2] {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("l", &AssetName::new("asset").unwrap(), "n").unwrap();
    rig.updates.iter().for_each(|update| origin.apply(update).unwrap());
    ["m3u8-cmaf).m3u8", "mpd-time-cmaf)"].map(|format| {
        let path = format!("/l/n.ism/Manifest(format={format}");
        let Reply::Response(response) = origin.handle(&Request::get(&path), rig.now) else { panic!("{path}") };
        assert_eq!(response.status, 200, "{path}");
        String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
    })
}

fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let from = element.split_once(&format!(" {name}=\"")).map_or("", |(_, rest)| rest);
    from.split_once('"').map_or("", |(value, _)| value)
}

/// `id bandwidth codecs` of every representation. Behind all others stand those of key frames alone, one for each of pictures, and are
/// left out.
fn representations(mpd: &str) -> Vec<String> {
    let each = mpd.split("<Representation").skip(1).map(|element| element.split('>').next().unwrap());
    let told = |element| ["id", "bandwidth", "codecs"].map(|name| attribute(element, name)).join(" ");
    let mut all: Vec<String> = each.map(told).collect();
    let videos: Vec<&String> =
        all.iter().filter(|one| one.starts_with("video") && !one.contains("_keyframes")).collect();
    let key_frames: Vec<String> = videos.iter().map(|video| video.replacen(' ', "_keyframes ", 1)).collect();
    assert_eq!(all.split_off(all.len() - key_frames.len()), key_frames);
    all
}

#[test]
fn five_rungs_two_sounds_and_text_of_smooth_are_stored_as_they_came_and_listed_a9_a26() {
    let kbps = [(200, 12), (400, 13), (800, 20), (2500, 31), (300, 21)];
    let h264 = |(kbps, level): (u32, u8)| {
        let frame = |nal: &[u8], _| with_length(nal);
        let lane = video(kbps * 1000, avc1(&sps(if kbps > 1000 { SPS_720 } else { SPS_180 }, level), PPS));
        vec![(lane, pictures(level, frame))]
    };
    let mut sessions: Vec<Vec<(Lane, Source)>> = kbps.into_iter().map(h264).collect();
    let dac3 = boxed(b"dac3", &[&[0x10, 0x3D, 0x40]]);
    let lane = |name, bitrate, more, entry| Lane { element: "audio", name, bitrate, more, entry, sent: vec![] };
    sessions[0].push((lane("audio_eng", 96_000, "systemLanguage=\"eng\"", mp4a(&[0x11, 0x90])), sound(1024, 1)));
    let entry = boxed(b"ac-3", &[&[0; 28], &dac3]);
    sessions[1].push((lane("audio_deu", 448_000, "systemLanguage=\"deu\"", entry), sound(1536, 2)));
    let text = Lane {
        element: "textstream",
        name: "text_deu",
        bitrate: 1000,
        more: "systemLanguage=\"deu\" Subtype=\"SUBT\"",
        entry: boxed(b"stpp", &[&[0; 8], b"http://www.w3.org/ns/ttml\0\0\0"]),
        sent: vec![],
    };
    sessions[2].push((text, captions()));
    let mut encoder = Encoder::new(sessions);
    (0..6).for_each(|_| encoder.send());
    stop(&mut encoder.rig);
    assert_eq!(encoder.rig.segments().len(), 6);
    assert_aligned(&encoder.rig);
    let names = ["video_5", "video_3", "video_2", "video", "video_4", "audio_eng", "audio_deu", "text_deu"];
    let order = |lane: &Lane| (!lane.name.starts_with("video"), !lane.name.starts_with("audio"));
    let mut lanes: Vec<&Lane> = encoder.sent().collect();
    lanes.sort_by_key(|lane| order(lane));
    for (lane, name) in lanes.iter().zip(names) {
        let count = assert_stored(&encoder.rig, name, &lane.sent);
        let expected = if lane.element == "video" { 360 } else { lane.sent.len() };
        assert_eq!(count, expected, "{name}");
    }
    for ((kbps, level), name) in kbps.into_iter().zip(names) {
        let sps = sps(if kbps > 1000 { SPS_720 } else { SPS_180 }, level);
        let init = init(&encoder.rig, name);
        let record = find(&init, "moov/trak/mdia/minf/stbl/stsd").unwrap();
        assert!(has(record, &sps) && has(record, PPS), "{name}");
    }
    let [hls, dash] = manifests(&encoder.rig);
    let expected = [
        "video 2500000 avc1.64001F",
        "video_2 800000 avc1.42C014",
        "video_3 400000 avc1.42C00D",
        "video_4 300000 avc1.42C015",
        "video_5 200000 avc1.42C00C",
        "audio_deu 448000 ac-3",
        "audio_eng 96000 mp4a.40.2",
        "text_deu 1000 stpp",
    ];
    assert_eq!(representations(&dash), expected);
    let sets: Vec<[&str; 2]> = dash
        .split("<AdaptationSet")
        .skip(1)
        .map(|set| ["contentType", "lang"].map(|name| attribute(set.split('>').next().unwrap(), name)))
        .collect();
    // The rig's `mdhd` says English where the manifest says nothing.
    assert_eq!(sets, [["video", "en"], ["audio", "de"], ["audio", "en"], ["text", "de"], ["video", "en"]]);
    // Each rung with each codec of the sound, and the text with all of them.
    assert_eq!(hls.matches("#EXT-X-STREAM-INF:").count(), 10, "{hls}");
    for kbps in [200, 300, 400, 800, 2500] {
        let playlist = |kind: &str| format!("QualityLevels({kbps}000)/Manifest(video,format=m3u8-cmaf{kind}).m3u8");
        let count = |kind| hls.matches(&playlist(kind)).count();
        assert_eq!((count(""), count(",type=keyframes")), (2, 1), "{hls}");
    }
    assert_eq!(hls.matches("CODECS=\"avc1.64001F,ac-3,stpp.ttml.im1t\"").count(), 1, "{hls}");
    assert_eq!(hls.matches("CODECS=\"avc1.64001F,mp4a.40.2,stpp.ttml.im1t\"").count(), 1, "{hls}");
    for media in ["TYPE=AUDIO", "TYPE=SUBTITLES", "LANGUAGE=\"de\"", "LANGUAGE=\"en\""] {
        assert!(hls.contains(media), "{media}: {hls}");
    }
}

#[test]
fn hevc_av1_and_short_lengths_go_through_with_the_set_up_that_came() {
    let mut hvcc = vec![1, 1, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 0];
    hvcc[21] = 0xFF;
    let hevc = |nal: &[u8], is_idr: bool| with_length(&[if is_idr { &[0x26, 1] } else { &[2, 1][..] }, nal].concat());
    let short = |nal: &[u8], _: bool| [&(nal.len() as u16).to_be_bytes(), nal].concat();
    let avc =
        [&[1, 0x42, 0xC0, 0x1E, 0xFD, 0xE1, 0, SPS_180.len() as u8], SPS_180, &[1, 0, PPS.len() as u8], PPS].concat();
    let av1c = [0x81, 0x05, 0x0C, 0x00];
    let mut encoder = Encoder::new(vec![
        vec![(video(3_000_000, visual(b"hvc1", &boxed(b"hvcC", &[&hvcc]))), pictures(1, hevc))],
        vec![(video(2_000_000, visual(b"avc1", &boxed(b"avcC", &[&avc]))), pictures(2, short))],
        vec![(video(1_000_000, visual(b"av01", &boxed(b"av1C", &[&av1c]))), sound(1600, 3))],
    ]);
    (0..4).for_each(|_| encoder.send());
    stop(&mut encoder.rig);
    assert_aligned(&encoder.rig);
    let records = [[b"hvcC", &hvcc[..]].concat(), [b"avcC", &avc[..]].concat(), [b"av1C", &av1c[..]].concat()];
    for ((lane, name), record) in encoder.sent().zip(["video", "video_2", "video_3"]).zip(records) {
        assert_eq!(assert_stored(&encoder.rig, name, &lane.sent), 240, "{name}");
        assert!(has(&init(&encoder.rig, name), &record), "{name}");
    }
    let [hls, dash] = manifests(&encoder.rig);
    let expected = ["video 3000000 hvc1.1.6.L93.B0", "video_2 2000000 avc1.42C01E", "video_3 1000000 av01.0.05M.08"];
    assert_eq!(representations(&dash), expected);
    for codecs in ["hvc1.1.6.L93.B0", "avc1.42C01E", "av01.0.05M.08"] {
        assert!(hls.contains(&format!("CODECS=\"{codecs}\"")), "{hls}");
    }
}

#[test]
fn three_connections_of_rtmp_are_stored_as_they_came_and_listed_a9_a26_3() {
    let mut rig = rig();
    let rungs = [(400, SPS_180, 30), (1600, SPS_720, 31), (800, SPS_180, 21)];
    let connect =
        |(n, (kbps, base, level)): (usize, (u32, &[u8], u8))| Connection::new(&mut rig, n, kbps, &sps(base, level));
    let mut connections: Vec<Connection> = rungs.into_iter().enumerate().map(connect).collect();
    for n in 0..12 * 25 {
        rig.pass(host_time(3600));
        // Never the same one first.
        (0..3).for_each(|m| connections[(n + m) % 3].send(&mut rig));
    }
    stop(&mut rig);
    assert_aligned(&rig);
    assert_eq!(rig.segments().len(), 6);
    for (connection, (kbps, base, level)) in connections.iter().zip(rungs) {
        let name = format!("video_{kbps}000");
        let count = assert_stored(&rig, &name, &connection.sent);
        assert_eq!(count, 300, "{name}: the program ends with what came");
        let record = init(&rig, &name);
        assert!(has(&record, &sps(base, level)) && has(&record, PPS), "{name}");
    }
    // Nothing is on air before the first picture shows.
    let sounds = &connections[0].sounds;
    let first = sounds.iter().position(|sound| sound.pts >= 40 * 48).unwrap();
    assert!(assert_stored(&rig, "audio_128000", &sounds[first..]) >= 450);
    let [hls, dash] = manifests(&rig);
    let expected = [
        "video_1600000 1600000 avc1.64001F",
        "video_800000 800000 avc1.42C015",
        "video_400000 400000 avc1.42C01E",
        "audio_128000 128000 mp4a.40.2",
    ];
    assert_eq!(representations(&dash), expected);
    for (uri, codecs) in [(1600, "64001F"), (800, "42C015"), (400, "42C01E")] {
        assert!(hls.contains(&format!("QualityLevels({uri}000)/Manifest(video,")), "{hls}");
        assert!(hls.contains(&format!("CODECS=\"avc1.{codecs},mp4a.40.2\"")), "{hls}");
    }
}

#[test]
fn start_codes_are_refused_by_name_and_never_rewritten() {
    // No protocol of a pass-through channel brings them, and so a scripted session does.
    let mut rig = rig();
    let feed = Feed::default();
    let id = rig.channel.attach_as(session("smooth", 0), feed.demuxer(), rig.now).unwrap();
    let sets = |set: &'static [u8]| vec![Bytes::from_static(set)];
    let config = H264Config { framing: NalFraming::AnnexB, sps: sets(SPS_180), pps: sets(PPS) };
    let format = TrackFormat::H264(VideoTrack::new(320, 180), config);
    feed.push(Demuxed::Track(Track { bitrate: 1000, ..Track::new(TrackId(1), Timescale::MPEG, format) }));
    for n in 0..100 {
        let at = MediaTime::from_ticks(n * 3600, Timescale::MPEG);
        feed.push(Demuxed::Unit(AccessUnit {
            track: TrackId(1),
            pts: at,
            dts: at,
            duration: MediaDuration::ZERO,
            is_random_access: n % 25 == 0,
            is_damaged: false,
            data: Bytes::from_static(b"\0\0\0\x01\x65\x88"),
        }));
    }
    rig.bytes(id, vec![0]);
    rig.pass(Duration::from_secs(2));
    let is_named = |event: &Event| matches!(event, Event::Fault { fault: Fault::Unsupported { what }, .. } if what.contains("start codes"));
    assert!(rig.count_events(is_named) >= 1, "{:?}", rig.events);
    assert!(rig.store.is_empty());
}
