//! Other people's parsers over our manifests.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::rig::Story;

/// Reads the MPD back with `dash-mpd`, and checks it against the schema.
pub(crate) fn mpd(text: &str, languages: usize) {
    let read = dash_mpd::parse(text).unwrap();
    for period in &read.periods {
        one_period(period, languages);
    }
    schema(text);
}

/// The same of an MPD by numbers, of which a live one goes back so many seconds and has come to second `edge`: every segment that a
/// player asks for by the clock is in the store, and is not half its duration away from where the player puts it.
pub(crate) fn numbers(story: &Story, text: &str, (window, edge): (f64, f64)) {
    let read = dash_mpd::parse(text).unwrap();
    schema(text);
    let ends = read.periods.iter().skip(1).map(|next| next.start).chain([read.mediaPresentationDuration]);
    for (period, end) in read.periods.iter().zip(ends) {
        let start = period.start.unwrap().as_secs_f64();
        let own = period.duration.map(|lasts| start + lasts.as_secs_f64());
        let end = own.or(end.map(|end| end.as_secs_f64())).unwrap_or(edge);
        for set in &period.adaptations {
            let template = set.SegmentTemplate.as_ref().unwrap();
            let scale = template.timescale.unwrap() as f64;
            let (each, offset) =
                (template.duration.unwrap() / scale, template.presentationTimeOffset.unwrap() as f64 / scale);
            let count = ((end - start) / each - 1e-6).ceil() as u64;
            let last = template.startNumber.unwrap() + count - 1;
            assert!(template.endNumber.is_none_or(|end| end == last), "{last}: {text}");
            for (n, number) in (template.startNumber.unwrap()..=last).enumerate() {
                let place = start + n as f64 * each;
                if place < edge - window {
                    continue;
                }
                for one in &set.representations {
                    let media = template.media.as_ref().unwrap().replace("$Number$", &number.to_string());
                    let media = story.media(&media.replace("$Bandwidth$", &one.bandwidth.unwrap().to_string()));
                    let media_scale = one.audioSamplingRate.as_ref().map_or(90_000.0, |rate| rate.parse().unwrap());
                    let at = decode_time(&media) as f64 / media_scale - offset + start;
                    assert!((at - place).abs() < each / 2.0, "{number} at {at} and not {place}: {text}");
                }
            }
        }
    }
}

/// The `tfdt` of a fragment, of version 1.
fn decode_time(fragment: &[u8]) -> u64 {
    let at = fragment.windows(4).position(|kind| kind == b"tfdt").unwrap();
    assert_eq!(fragment[at + 4], 1);
    u64::from_be_bytes(fragment[at + 8..at + 16].try_into().unwrap())
}

/// Checks an MPD against the schema where xmllint and the schema are there.
pub(crate) fn schema(text: &str) {
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/media/schema");
    if !schema.exists() {
        println!("skipped: {} is absent", schema.display());
        return;
    }
    let xmllint = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema.join("DASH-MPD.xsd"))
        .arg("-")
        .env("XML_CATALOG_FILES", schema.join("catalog.xml"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut xmllint) = xmllint else {
        println!("skipped: xmllint is absent");
        return;
    };
    xmllint.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = xmllint.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
}

fn one_period(period: &dash_mpd::Period, languages: usize) {
    let is_of_key_frames = |set: &&dash_mpd::AdaptationSet| !set.essential_property.is_empty();
    assert_eq!(period.adaptations.iter().filter(is_of_key_frames).count(), 1);
    assert_eq!(period.adaptations.len(), 2 + languages);
    let mut ids: Vec<_> = period.adaptations.iter().map(|set| set.id.clone().unwrap()).collect();
    ids.extend(period.adaptations.iter().flat_map(|set| &set.representations).map(|one| one.id.clone().unwrap()));
    ids.sort();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    for set in &period.adaptations {
        let timeline = set.SegmentTemplate.as_ref().unwrap().SegmentTimeline.as_ref().unwrap();
        assert!(timeline.segments[0].t.is_some());
    }
}

/// Reads the master playlist back with `m3u8-rs`.
pub(crate) fn master(text: &str, rungs: usize, languages: usize) {
    let (_, read) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
    let (i_frames, variants): (Vec<_>, Vec<_>) = read.variants.iter().partition(|variant| variant.is_i_frame);
    assert_eq!((variants.len(), i_frames.len()), (rungs, rungs));
    assert!(variants.iter().all(|variant| variant.audio.as_deref() == Some("audio")));
    assert_eq!(read.alternatives.len(), languages);
    let mut names: Vec<_> = read.alternatives.iter().map(|one| &one.name).collect();
    names.sort();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    assert_eq!(read.alternatives.iter().filter(|one| one.default).count(), 1);
}

/// Reads media playlists back with `m3u8-rs`: every fragment that they list is in the store.
pub(crate) fn playlists_and_store_agree(story: &Story, playlists: &[&str]) {
    for rest in playlists {
        let text = story.get(rest);
        let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        let folder = rest.split_once('/').unwrap().0;
        assert!(!read.segments.is_empty());
        for segment in &read.segments {
            assert!(segment.duration.round() as u64 <= read.target_duration);
            assert!(!story.media(&format!("{folder}/{}", segment.uri)).is_empty());
        }
        let map = read.segments[0].map.as_ref().unwrap();
        assert!(!story.media(&format!("{folder}/{}", map.uri)).is_empty());
    }
}
