//! Whole manifests at chosen instants, as text in this folder. `UPDATE_GOLDEN=1 cargo test --test golden` rewrites them;
//! review reads the difference.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads and writes files")]

mod ad_break;
mod judges;
mod numbered;
mod rig;
mod transport;

use std::{env, fs, path::PathBuf};

use headend::media::CaptionService;
use rig::Story;

/// Compares an answer with the file of this scenario and name.
fn golden(scenario: &str, name: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(scenario).join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{} differs: UPDATE_GOLDEN=1 rewrites it", file.display());
}

const MASTER: &str = "Manifest(format=m3u8-cmaf)";
const VIDEO: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf)";
const I_FRAMES: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-cmaf,type=keyframes)";
const AUDIO: &str = "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf)";
const MPD: &str = "Manifest(format=mpd-time-cmaf)";

fn check_all(scenario: &str, story: &Story) {
    for (name, rest) in [
        ("master.m3u8", MASTER),
        ("video.m3u8", VIDEO),
        ("audio.m3u8", AUDIO),
        ("i_frames.m3u8", I_FRAMES),
        ("manifest.mpd", MPD),
    ] {
        let text = story.get(rest);
        golden(scenario, name, &text);
        if name == "manifest.mpd" {
            judges::mpd(&text, 1);
        }
    }
    judges::master(&story.get(MASTER), 2, 1);
    judges::playlists_and_store_agree(story, &[VIDEO, AUDIO, I_FRAMES]);
}

#[test]
fn the_first_segment() {
    let mut story = Story::new(60);
    story.play(0, 2);
    check_all("first_segment", &story);
}

#[test]
fn a_window_that_has_moved() {
    let mut story = Story::new(10);
    story.play(0, 30);
    check_all("moved_window", &story);
}

#[test]
fn off_air_for_a_while() {
    let mut story = Story::new(30);
    story.play(0, 6);
    story.stop(6);
    story.play(20, 26);
    check_all("off_air", &story);
}

#[test]
fn ended() {
    let mut story = Story::new(10);
    story.play(0, 16);
    story.stop(16);
    story.end();
    check_all("ended", &story);
}

/// FAULTS I7, A5.5: one group in HLS, one adaptation set each in DASH, and URLs of its own for each language.
#[test]
fn three_languages() {
    let mut story = Story::in_languages(60, &[("audio", "eng"), ("audio_fra", "fra"), ("comment", "und")]);
    story.play(0, 6);
    let (master, mpd) = (story.get(MASTER), story.get(MPD));
    golden("three_languages", "master.m3u8", &master);
    golden("three_languages", "manifest.mpd", &mpd);
    judges::mpd(&mpd, 3);
    judges::master(&master, 2, 3);
    let playlists =
        ["audio", "audio_fra", "comment"].map(|name| format!("QualityLevels(64000)/Manifest({name},format=m3u8-cmaf)"));
    golden("three_languages", "audio_fra.m3u8", &story.get(&playlists[1]));
    judges::playlists_and_store_agree(&story, &playlists.each_ref().map(String::as_str));
    let fragment = |name| story.media(&format!("QualityLevels(64000)/Fragments({name}=i,format=mpd-time-cmaf)"));
    assert_ne!(fragment("audio"), fragment("audio_fra"), "the language stands in the init segment");
}

/// A12.9: what the feed is too small for is listed nowhere, and whoever holds it goes on.
#[test]
fn a_withdrawn_rung() {
    let mut story = Story::new(60);
    story.play(0, 4);
    let before = story.get(VIDEO);
    story.offer(&[false, true, true]);
    let (master, mpd) = (story.get(MASTER), story.get(MPD));
    golden("withdrawn", "master.m3u8", &master);
    golden("withdrawn", "manifest.mpd", &mpd);
    judges::mpd(&mpd, 1);
    judges::master(&master, 1, 1);
    assert_eq!(story.get(VIDEO), before);
    judges::playlists_and_store_agree(&story, &[VIDEO, AUDIO]);
    // It never comes back, and the last of a kind stays.
    story.offer(&[true, false, true]);
    assert_eq!((story.get(MASTER), story.get(MPD)), (master, mpd));
}

/// A13.2: nothing is said of captions until some were seen; then their services stand in every manifest that names rungs.
#[test]
fn captions_that_were_seen() {
    let mut story = Story::new(60);
    story.play(0, 4);
    let before = story.get(MASTER);
    assert!(!before.contains("CAPTIONS"));
    story.caption(&[CaptionService::Cea608(1), CaptionService::Cea608(3), CaptionService::Cea708(1)]);
    let (master, mpd) = (story.get(MASTER), story.get(MPD));
    golden("captions", "master.m3u8", &master);
    golden("captions", "manifest.mpd", &mpd);
    judges::mpd(&mpd, 1);
    // The same again, or less, changes nothing: no service is withdrawn.
    story.caption(&[CaptionService::Cea608(3)]);
    assert_eq!((story.get(MASTER), story.get(MPD)), (master, mpd));
}
