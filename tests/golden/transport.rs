//! HLS of versions 3 and 4: masters, media playlists, and the segments that they list.

use headend::media::CaptionService;

use crate::{golden, rig::Story};

const V4: &str = "Manifest(format=m3u8-aapl)";
const V3: &str = "Manifest(format=m3u8-aapl-v3)";
const V4_VIDEO: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl)";
const V4_I_FRAMES: &str = "QualityLevels(3500000)/Manifest(video,format=m3u8-aapl,type=keyframes)";
const V4_AUDIO: &str = "QualityLevels(64000)/Manifest(audio,format=m3u8-aapl)";
const V3_VIDEO: &str = "QualityLevels(3500000,audiotrack=audio)/Manifest(video,format=m3u8-aapl-v3)";

/// Everything that a master leads to is there, and every media playlist keeps to its version.
fn walk(story: &Story, master: &str, version: usize) -> usize {
    let text = story.get(master);
    let (_, read) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
    assert_eq!(read.version, Some(version));
    let groups = read.alternatives.iter().filter_map(|one| one.uri.clone());
    let mut segments = 0;
    for rest in groups.chain(read.variants.iter().map(|variant| variant.uri.clone())) {
        let text = story.get(&rest);
        let (_, read) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        assert_eq!(read.version, Some(version), "{rest}");
        assert!(!text.contains("#EXT-X-MAP") && !text.contains("#EXT-X-GAP"), "{text}");
        let folder = rest.split_once('/').unwrap().0;
        for segment in &read.segments {
            assert!(segment.duration.round() as u64 <= read.target_duration);
            let media = story.media(&format!("{folder}/{}", segment.uri));
            let is_sound = segment.uri.ends_with(".aac");
            assert!(media.starts_with(if is_sound { b"ID3" } else { b"\x47\x40\x00" }), "{}", segment.uri);
            segments += 1;
        }
    }
    segments
}

#[test]
fn off_air_for_a_while() {
    let mut story = Story::new(30);
    story.play(0, 6);
    story.stop(6);
    story.play(20, 26);
    story.caption(&[CaptionService::Cea608(1), CaptionService::Cea708(1)]);
    for (name, rest) in [
        ("v4_master.m3u8", V4),
        ("v4_video.m3u8", V4_VIDEO),
        ("v4_audio.m3u8", V4_AUDIO),
        ("v4_i_frames.m3u8", V4_I_FRAMES),
        ("v3_master.m3u8", V3),
        ("v3_video.m3u8", V3_VIDEO),
    ] {
        golden("off_air", name, &story.get(rest));
    }
    // A master of version 4 names sound twice: as a group and as a variant.
    // Rungs have their I-frames beside.
    assert_eq!((walk(&story, V4, 4), walk(&story, V3, 3)), (6 * 6, 6 * 3));
    // Versions 3 and 4 differ in what they say they are.
    assert_eq!(story.get(V3_VIDEO).replacen("VERSION:3", "VERSION:4", 1), story.get(V4_VIDEO));
}

/// A21.5, and one language of version 3.
#[test]
fn languages_and_no_sound_alone() {
    let mut story = Story::in_languages(10, &[("audio", "eng"), ("audio_fra", "fra")]);
    story.play(0, 30);
    golden("two_languages", "v4_master.m3u8", &story.get("Manifest(format=m3u8-aapl,audio-only=false)"));
    let french = "Manifest(format=m3u8-aapl-v3,audiotrack=audio_fra)";
    golden("two_languages", "v3_french.m3u8", &story.get(french));
    assert_eq!(story.get(V4), story.get("Manifest(format=m3u8-aapl-v4)"));
    let languages = walk(&story, V4, 4);
    assert_eq!((languages, walk(&story, french, 3)), (5 * (2 + 2 + 2 + 1), 5 * 3));
    // The sound of the folder is in the segment, and not that of another one.
    let of = |folder: &str| story.media(&format!("QualityLevels(200000{folder})/{}", segment(&story)));
    let [none, english, french] = [of(""), of(",audiotrack=audio"), of(",audiotrack=audio_fra")];
    assert!(none.len() < english.len() && english.len() < french.len(), "the second language is the heaviest");
}

/// A player that holds an old playlist finds what it lists for a while, with its sound.
#[test]
fn what_has_left_the_window_lately() {
    let (mut young, mut old) = (Story::new(10), Story::new(10));
    young.play(0, 2);
    old.play(0, 14);
    let (first, oldest) = (segment(&young), segment(&old));
    assert_ne!(first, oldest);
    let rest = format!("QualityLevels(200000,audiotrack=audio)/{first}");
    assert_eq!(old.media(&rest), young.media(&rest));
}

/// The first segment that a playlist lists.
fn segment(story: &Story) -> String {
    story.get(V4_VIDEO).lines().find(|line| line.starts_with("Fragments")).unwrap().to_owned()
}
