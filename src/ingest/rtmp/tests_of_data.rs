//! Data messages, aggregates, and what `connect` agrees on.

use std::time::Duration;

use super::{
    MetadataRule, RtmpConfig,
    tests::{ASC, Line, SPS, avcc, idr, ms, rtmp_publisher::Publisher},
};
use crate::{
    error::Fault,
    ingest::{Demuxed, Demuxer},
    media::{CueCarriage, CueSignal},
    time::{Now, Utc},
    wire::amf0::Writer,
};

fn required() -> Line {
    Line::with(RtmpConfig { metadata: MetadataRule::Required, ..RtmpConfig::default() })
}

#[test]
fn an_ad_cue_has_the_time_of_its_message_and_its_values_untouched() {
    let mut line = Line::started();
    let cue = Writer::new().string("onAdCue").texts(&[("cue", "SpliceOut"), ("id", "7")]).finish();
    let framed = [&Writer::new().string("@setDataFrame").finish()[..], &cue].concat();
    let (start, p) = (u32::MAX - 10, &line.publisher);
    let bytes = [
        p.video(start, 0, true, &idr()),
        p.message(4, 18, start.wrapping_add(500), 1, &cue),
        // AMF 3 data is a zero byte and AMF 0.
        p.message(4, 15, start.wrapping_add(900), 1, &[&[0][..], &framed].concat()),
    ];
    line.send(bytes.concat()).unwrap();
    let at = |after: i64| ms(i64::from(start) + after);
    let expected = [500, 900].map(|after| CueSignal {
        carriage: CueCarriage::OnAdCue,
        at: at(after),
        due: None,
        payload: cue.clone(),
    });
    assert_eq!(line.items[1..], expected.map(Demuxed::Cue));
}

#[test]
fn an_ad_cue_is_due_at_its_time_on_the_clock_of_the_time_stamps() {
    let cue = |seconds: f64| {
        let cue = Writer::new().string("onAdCue").open().name("cue").string("SpliceOut").name("id").string("7");
        cue.name("time").number(seconds).close().finish()
    };
    let mut line = Line::started();
    let (start, p) = (u32::MAX - 10, &line.publisher);
    // Behind the wrap of the time stamps, and what goes on counting there; before the message; on no clock at all.
    let wrap = 4_294_967.296;
    let bytes: Vec<_> =
        [0.5, wrap + 0.5, 4_294_967.0, f64::NAN].map(|time| p.message(4, 18, start, 1, &cue(time))).concat();
    line.send([p.video(start, 0, true, &idr()), bytes].concat()).unwrap();
    let due = line.items.iter().filter_map(|item| if let Demuxed::Cue(cue) = item { Some(cue.due) } else { None });
    let ms = |after: i64| Some(ms((1 << 32) + after));
    assert_eq!(due.collect::<Vec<_>>(), [ms(500), ms(500), ms(-296), None]);
}

#[test]
fn media_waits_for_required_metadata_and_none_of_it_is_lost_a7_6() {
    let mut line = required().go_on_air();
    let p = &line.publisher;
    let media = [p.video_config(&avcc(SPS)), p.audio_config(ASC), p.video(0, 0, true, &idr()), p.audio(0, b"raw")];
    let metadata = p.metadata(&[("videodatarate", 500.0)]);
    line.send(media.concat()).unwrap();
    assert!(line.items.is_empty());
    line.send(metadata).unwrap();
    let Demuxed::Track(track) = &line.items[0] else { panic!("{:?}", line.items) };
    assert_eq!((track.name.as_str(), line.items.len()), ("video_500000", 4));
}

#[test]
fn a_publication_without_required_metadata_is_refused_with_its_code_a7_6() {
    let mut line = required().go_on_air();
    let sound: Vec<_> = (0..65).flat_map(|n| line.publisher.audio(n * 20, b"raw")).collect();
    line.send(sound).unwrap();
    assert!(line.session.is_closed() && line.publisher.was_told("NetStream.Publish.Rejected"));
    assert!(line.publisher.was_told("MPE_INGEST_RTMP_SETDATAFRAME_NOT_RECEIVED"));
    assert_eq!(line.items, [Demuxed::Fault(Fault::MetadataMissing), Demuxed::End]);
    assert_eq!(Fault::MetadataMissing.code(), "MPE_INGEST_RTMP_SETDATAFRAME_NOT_RECEIVED");
    // One that goes before the wait is over is told the same.
    let mut line = required().go_on_air();
    let bytes = [line.publisher.audio(0, b"raw"), line.publisher.unpublish()].concat();
    line.send(bytes).unwrap();
    assert_eq!(line.items, [Demuxed::Fault(Fault::MetadataMissing), Demuxed::End]);
}

#[test]
fn rates_in_the_stream_name_or_the_url_stand_in_for_metadata_a7_6() {
    let query = "?videodatarate=2500&audiodatarate=128";
    for (app, key) in [("live", format!("s3cr3t-k3y{query}")), (&*format!("live{query}"), String::from("s3cr3t-k3y"))] {
        let mut line = required();
        line.publisher = Publisher::new(app, &key);
        let start = line.publisher.start();
        line.send(start).unwrap();
        assert!(line.session.publish_request().unwrap().stream_key.matches("s3cr3t-k3y"));
        line.session.accept().unwrap();
        let config = line.publisher.video_config(&avcc(SPS));
        line.send(config).unwrap();
        let Demuxed::Track(track) = &line.items[0] else { panic!("{:?}", line.items) };
        assert_eq!((track.name.as_str(), track.bitrate), ("video_2500000", 2_500_000));
    }
}

#[test]
fn metadata_that_states_one_rate_leaves_that_of_the_url_for_the_other_a7_6() {
    let mut line = required();
    line.publisher.rename("key?videodatarate=2500&audiodatarate=128");
    line = line.go_on_air();
    let p = &line.publisher;
    let bytes = [
        p.video_config(&avcc(SPS)),
        p.audio_config(ASC),
        p.metadata(&[("videodatarate", 3000.0)]),
        p.metadata(&[("width", 640.0)]),
        p.video(0, 0, true, &idr()),
        p.audio(0, b"raw"),
    ];
    line.send(bytes.concat()).unwrap();
    let tracks = line.items.iter().filter_map(|item| if let Demuxed::Track(track) = item { Some(track) } else { None });
    let told: Vec<_> = tracks.map(|track| (track.id.0, track.bitrate)).collect();
    assert_eq!(told, [(0, 2_500_000), (1, 128_000), (0, 3_000_000)]);
}

#[test]
fn metadata_that_comes_late_renames_tracks_without_units() {
    let mut line = Line::started();
    let p = &line.publisher;
    let bytes = [p.video(0, 0, true, &idr()), p.metadata(&[("videodatarate", 1.0), ("audiodatarate", 64.0)])];
    line.send(bytes.concat()).unwrap();
    let Demuxed::Track(track) = &line.items[1] else { panic!("{:?}", line.items) };
    assert_eq!((track.id.0, track.name.as_str(), line.items.len()), (1, "audio_64000", 2));
}

#[test]
fn an_aggregate_is_its_messages_one_by_one() {
    let mut line = Line::started();
    let part =
        |kind: u8, ms: u8, body: &[u8]| [&[kind, 0, 0, body.len() as u8, 0, 0, ms, 0, 0, 0, 0], body, &[0; 4]].concat();
    let video = [&b"\x17\x01\0\0\0"[..], &idr()].concat();
    // A command and another aggregate inside are not taken; the end is cut.
    let body = [part(9, 10, &video), part(8, 15, b"\xAF\x01raw"), part(20, 15, b"\x02"), part(22, 15, b""), vec![8]];
    let bytes = line.publisher.message(6, 22, 1000, 1, &body.concat());
    line.send(bytes).unwrap();
    assert!(line.items.iter().any(|item| matches!(item, Demuxed::Fault(fault) if fault.code() == "PARSE_TRUNCATED")));
    let times: Vec<_> = line.take_units().iter().map(|unit| (unit.track.0, unit.dts)).collect();
    assert_eq!(times, [(0, ms(1000)), (1, ms(1005))]);
    line.session.finish();
    line.pull();
    assert!(line.items.contains(&Demuxed::Fault(Fault::Ignored { what: "RTMP message of an unknown type", count: 2 })));
}

#[test]
fn an_aggregate_of_many_messages_is_read_as_it_is_pulled() {
    let mut line = Line::started();
    let body = b"\x08\0\0\x03\0\0\0\0\0\0\0\xAF\x01r\0\0\0\0".repeat(20_000);
    let size = line.publisher.set_chunk_size(1 << 20);
    let bytes = [size, line.publisher.message(6, 22, 1000, 1, &body)].concat();
    line.session.push(bytes.into(), Now::new(Duration::ZERO, Utc::UNIX_EPOCH)).unwrap();
    assert!(line.session.items.len() <= 1025);
    line.pull();
    assert_eq!(line.take_units().len(), 20_000);
}

#[test]
fn an_enhanced_publisher_is_told_what_is_known_and_another_is_not() {
    let connect = |extra: Writer| {
        let mut line = Line::new();
        let shake = line.publisher.start()[..3073].to_vec();
        let body = Writer::new().string("connect").number(1.0).open().name("app").string("live").finish();
        let body = [&body[..], &extra.finish(), b"\0\0\x09"].concat();
        let message = line.publisher.message(3, 20, 0, 0, &body);
        line.send([shake, message].concat()).unwrap();
        line
    };
    let plain = connect(Writer::new());
    assert!(plain.publisher.was_told("NetConnection.Connect.Success") && !plain.publisher.was_told("capsEx"));
    let line = connect(Writer::new().name("fourCcList").strings(&["hvc1"]));
    for text in ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx", "hvc1", "av01", "mp4a"] {
        assert!(line.publisher.was_told(text), "{text}");
    }
}

#[test]
fn an_amf3_command_and_a_quoted_url_in_small_letters_are_taken() {
    let mut line = Line::new();
    let shake = line.publisher.start()[..3073].to_vec();
    let body = Writer::new().string("connect").number(1.0);
    let body = body.texts(&[("app", "live"), ("tcurl", "\"rtmp://host:1935/live\"")]).finish();
    let create = Writer::new().string("createStream").number(2.0).null().finish();
    let publish = Writer::new().string("publish").number(3.0).null().string("?key=1").string("live").finish();
    let p = &line.publisher;
    let amf3 = |body: &[u8]| p.message(3, 17, 0, 0, &[&[0], body].concat());
    let bytes = [shake, amf3(&body), amf3(&create), p.message(8, 17, 0, 1, &[&[0][..], &publish].concat())].concat();
    line.send(bytes).unwrap();
    let request = line.session.publish_request().unwrap();
    assert_eq!(request.tc_url, "rtmp://host:1935/live");
    assert!(request.stream_key.matches("?key=1"));
}
