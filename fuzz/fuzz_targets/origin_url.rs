//! Any path, range and tag gets an answer; what is answered with media names an object inside the asset.
//!
//! Input: lines of text: the path with its query, the header `Range`, the header `If-None-Match`; a missing line is a missing header.
#![no_main]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::{AssetName, Body, Pack, Presentation, Segment, Span, TimelineChange, TimelineUpdate, TrackSpec},
    media::{AacConfig, AudioTrack, Language, TrackFormat, TrackId},
    origin::{Filter, Method, Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Utc},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let (rest, range, if_none_match) = (lines.next().unwrap_or_default(), lines.next(), lines.next());
    let origin = origin();
    let path = if rest.starts_with('/') { rest.to_owned() } else { format!("/l/n.ism/{rest}") };
    let (path, query) = path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
    let request = Request { method: Method::Get, path, query, if_none_match, range };
    match origin.handle(&request, Now::new(Duration::ZERO, Utc::UNIX_EPOCH)) {
        Reply::Need(need) => {
            let [name] = need.names() else { panic!("{need:?}") };
            assert!(name.as_str().starts_with("a/audio/"));
            assert!(!name.as_str().contains(".."));
            let response = need.fulfil([Some(Body::from(Bytes::from_static(b"0123456789")))]);
            // 500: that is no fragment, of which packed audio or a fragment of another protocol could be made.
            assert!(matches!(response.status, 200 | 206 | 416 | 500));
        }
        Reply::Response(response) => assert!(matches!(response.status, 200 | 304 | 400 | 404 | 410 | 412 | 415)),
        _ => {}
    }
});

fn origin() -> Origin {
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    let spec = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);
    let presentation = Arc::new(Presentation::new(vec![spec], Utc::UNIX_EPOCH));
    let asset = AssetName::new("a").expect("a letter is a name");
    let mut origin = Origin::new(OriginConfig::default());
    let (window, segment_duration) = (None, MediaDuration::from_secs(2));
    let segment = Segment {
        sequence: 0,
        start: MediaTime::ZERO,
        duration: segment_duration,
        is_discontinuous: false,
        spans: [Span { start: 0, duration: 96_000, bytes: 10 }].into(),
        cues: Arc::default(),
        pack: Pack::default(),
    };
    for change in [
        TimelineChange::Opened { presentation, window, rewind: None, segment_duration },
        TimelineChange::Added(segment),
    ] {
        origin.apply(&TimelineUpdate { asset: asset.clone(), change }).expect("updates in order");
    }
    origin.publish("l", &asset, "n").expect("letters are names");
    let filter = Filter { end: Some(MediaTime::ZERO.plus(segment_duration)), force_end: true, ..Filter::default() };
    origin.set_filter(None, "f", filter).expect("an end is a filter");
    origin
}
