//! What a contribution is too small for is encoded and not offered (A12.9).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    archive::{AssetName, TimelineChange},
    channel::{Event, IngestId},
    ingest::Demuxed,
    media::{AccessUnit, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    origin::{Origin, OriginConfig, Reply, Request},
    splice::OnAir,
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    rig::{Rig, Schedule, feed::Feed, small_config, toy_codecs::ToyCodecs},
    timeline::{assert_same, assert_seamless},
};

/// Sends pictures that say that they are `width` wide and three fifths as high for `seconds`, then leaves: no rung has that
/// shape.
fn contribute(rig: &mut Rig, width: u32, seconds: i64) {
    let feed = Feed::default();
    let id: IngestId = rig.attach("feed", feed.demuxer());
    let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
    let format = TrackFormat::H264(VideoTrack::new(width, width * 3 / 5), config);
    feed.push(Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, format)));
    for n in 0..seconds * 25 {
        let pts = MediaTime::from_ticks(n * 3600, Timescale::MPEG);
        let duration = MediaDuration::from_ticks(3600, Timescale::MPEG);
        let (track, is_random_access, data) = (TrackId(1), n % 50 == 0, Bytes::from_static(&[0, 99]));
        let unit = AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged: false, data };
        feed.push(Demuxed::Unit(unit));
        rig.bytes(id, Bytes::from_static(&[0; 100]));
        rig.pass(Duration::from_millis(40));
    }
    rig.close(id);
}

/// What happened to an asset: the end of each segment that was added, and what was offered.
fn story(rig: &Rig, asset: &str) -> Vec<Result<MediaTime, Vec<bool>>> {
    let name = AssetName::new(asset).unwrap();
    let changes = rig.updates.iter().filter(|update| update.asset == name).map(|update| &update.change);
    changes
        .filter_map(|change| match change {
            TimelineChange::Added(segment) => Some(Ok(segment.end())),
            TimelineChange::Offered(offered) => Some(Err(offered.to_vec())),
            _ => None,
        })
        .collect()
}

fn run(schedule: Schedule) -> Rig {
    let mut rig = Rig::scheduled(small_config(), ToyCodecs::shared(), schedule);
    rig.start();
    rig.start_program("asset");
    rig.pass(Duration::from_secs(5));
    contribute(&mut rig, 40, 10);
    rig.pass(Duration::from_secs(5));
    // A larger one does not bring it back.
    contribute(&mut rig, 64, 10);
    rig.pass(Duration::from_secs(4));
    rig
}

#[test]
fn the_first_contribution_decides_from_the_segment_in_which_it_comes_on_air() {
    let rig = run(Schedule::Inline);
    assert_seamless(&rig);
    let live = |(_, event): &(Duration, Event)| match event {
        Event::OnAir { source: OnAir::Live, at } => Some(*at),
        _ => None,
    };
    let at = rig.events.iter().find_map(live).unwrap();
    let story = story(&rig, "asset");
    let place = story.iter().position(Result::is_err).unwrap();
    assert_eq!(story[place], Err(vec![false, true, true]));
    assert!(story[..place].iter().all(|added| added.as_ref().is_ok_and(|end| *end <= at)) && place > 1);
    assert!(story[place + 1].as_ref().is_ok_and(|end| *end > at));
    assert_eq!(story.iter().filter(|change| change.is_err()).count(), 1);
}

#[test]
fn when_it_is_withdrawn_does_not_depend_on_how_fast_works_are_done() {
    let inline = run(Schedule::Inline);
    assert_same(&inline, &run(Schedule::Shuffled(11, 6)));
}

#[test]
fn manifests_leave_it_out_and_its_urls_stay() {
    let rig = run(Schedule::Inline);
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &AssetName::new("asset").unwrap(), "ch1").unwrap();
    let get = |origin: &Origin, rest: &str| {
        let Reply::Response(response) = origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), rig.now) else {
            panic!("{rest}");
        };
        let etag = response.headers.get("etag").unwrap_or_default().to_owned();
        (response.status, String::from_utf8(response.body.to_bytes().to_vec()).unwrap(), etag)
    };
    let (master, mpd) = ("Manifest(format=m3u8-cmaf)", "Manifest(format=mpd-time-csf)");
    let wide = "QualityLevels(2000)/Manifest(video,format=m3u8-cmaf)";
    for update in &rig.updates {
        let is_offer = matches!(update.change, TimelineChange::Offered(_));
        let before = is_offer.then(|| get(&origin, master));
        origin.apply(update).unwrap();
        let Some((_, text, etag)) = before else { continue };
        assert!(text.contains("48x32") && text.contains("32x32"));
        let (_, after, other) = get(&origin, master);
        assert!(!after.contains("48x32") && after.contains("32x32") && etag != other, "{etag} {other}");
        assert!(!get(&origin, mpd).1.contains("\"wide\"") && get(&origin, mpd).1.contains("\"narrow\""));
    }
    assert!(!get(&origin, master).1.contains("48x32"));
    let (status, playlist, _) = get(&origin, wide);
    assert_eq!((status, playlist.matches("EXTINF").count()), (200, rig.segments().len()));
}

#[test]
fn a_program_that_starts_under_a_contribution_starts_with_its_offer() {
    let mut rig = Rig::new(small_config(), ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    let feed = Feed::default();
    rig.attach("feed", feed.demuxer());
    let config = H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] };
    let track = |width| TrackFormat::H264(VideoTrack::new(width, width * 3 / 5), config.clone());
    feed.push(Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, track(40))));
    for n in 0..300i64 {
        let pts = MediaTime::from_ticks(n * 3600, Timescale::MPEG);
        let (is_random_access, data) = (n % 50 == 0, Bytes::from_static(&[0, 99]));
        let duration = MediaDuration::from_ticks(3600, Timescale::MPEG);
        let unit = AccessUnit { track: TrackId(1), pts, dts: pts, duration, is_random_access, is_damaged: false, data };
        feed.push(Demuxed::Unit(unit));
        rig.bytes(IngestId(1), Bytes::from_static(&[0; 100]));
        rig.pass(Duration::from_millis(40));
        match n {
            100 => drop(rig.start_program("small")),
            // The encoder is set to larger pictures; that is for programs to come.
            150 => feed.push(Demuxed::Track(Track::new(TrackId(1), Timescale::MPEG, track(64)))),
            200 => drop(rig.start_program("large")),
            _ => {}
        }
    }
    assert_eq!(story(&rig, "small").first(), Some(&Err(vec![false, true, true])));
    let large = story(&rig, "large");
    assert!(large.len() > 1 && large.iter().all(Result::is_ok), "{large:?}");
}
