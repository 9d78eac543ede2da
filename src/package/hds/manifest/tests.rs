use super::*;
use crate::{
    archive::rig::{aac, ladder},
    media::{Language, Pack},
    time::{MediaDuration, MediaTime, Utc},
    wire::mp4::{FragmentRun, RunKind, parse_bootstrap},
};

fn language(id: u32, code: &str) -> TrackSpec {
    let (name, url_track) = (format!("audio_{code}"), format!("audio_{code}"));
    TrackSpec { name, url_track, language: Language::new(code).unwrap(), ..aac(id) }
}

/// Two rungs and the sound of `ladder`, and two languages more.
fn presentation() -> Arc<Presentation> {
    let tracks = ladder().into_iter().chain([language(3, "ger"), language(4, "gsw")]);
    Arc::new(Presentation::new(tracks.collect(), Utc::UNIX_EPOCH))
}

/// Two seconds, in which each track has so many bytes.
fn segment(sequence: u64, bytes: &[u32]) -> Segment {
    let start = MediaTime::ZERO.plus(MediaDuration::from_secs(2 * sequence as i64));
    let spans = bytes.iter().map(|bytes| Span { start: 1, duration: 1, bytes: *bytes }).collect();
    let duration = MediaDuration::from_secs(2);
    Segment { sequence, start, duration, is_discontinuous: false, spans, cues: [].into(), pack: Pack::default() }
}

fn text(manifest: &Manifest, ends: (&Segment, &Segment)) -> String {
    String::from_utf8(manifest.render(ends, "").unwrap().to_bytes().to_vec()).unwrap()
}

/// The attributes of each `media`.
fn media(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("<media ")?.strip_suffix('>')).collect()
}

#[test]
fn rungs_and_languages_have_the_urls_of_a20_5() {
    let mut manifest = Manifest::new(presentation());
    let all: Vec<Segment> = (0..3).map(|n| segment(n, &[9; 5])).collect();
    assert_eq!(manifest.render((&all[0], &all[0]), ""), None, "nothing to list yet");
    all.iter().for_each(|segment| manifest.append(segment));
    let live = text(&manifest, (&all[0], &all[2]));
    let head = "<manifest xmlns=\"http://ns.adobe.com/f4m/1.0\">\n<streamType>live</streamType>\n";
    assert!(live.contains(head) && !live.contains("<duration>"), "{live}");
    let first = "<bootstrapInfo profile=\"named\" id=\"bootstrap0\" \
                 url=\"QualityLevels(3500000)/Manifest(video,format=f4m-f4f).abst\"/>\n<bootstrapInfo";
    // The first one in the manifest is what some clients take for all of it.
    assert!(live.contains(&format!("<deliveryType>streaming</deliveryType>\n{first}")), "{live}");
    assert_eq!(
        media(&live),
        [
            "bitrate=\"3564\" width=\"1280\" height=\"720\" bootstrapInfoId=\"bootstrap0\" \
             url=\"QualityLevels(3500000,audiotrack=audio)/Fragments(video,format=f4m-f4f)\"",
            "bitrate=\"264\" width=\"340\" height=\"192\" bootstrapInfoId=\"bootstrap0\" \
             url=\"QualityLevels(200000,audiotrack=audio)/Fragments(video,format=f4m-f4f)\"",
            "type=\"audio\" alternate=\"true\" lang=\"de\" label=\"audio_ger\" bitrate=\"64\" bootstrapInfoId=\"bootstrap2\" \
             url=\"QualityLevels(64000)/Fragments(audio_ger,format=f4m-f4f)\"",
            "type=\"audio\" alternate=\"true\" lang=\"gsw\" label=\"audio_gsw\" bitrate=\"65\" bootstrapInfoId=\"bootstrap3\" \
             url=\"QualityLevels(64000)/Fragments(audio_gsw,format=f4m-f4f)\"",
        ]
    );
    manifest.end();
    let ended = text(&manifest, (&all[0], &all[2]));
    assert!(ended.contains("<streamType>recorded</streamType>\n<duration>6.000</duration>\n"), "{ended}");
    assert!(!ended.contains("dvrInfo"));
    quick_xml::Reader::from_str(&ended).read_event().unwrap();
}

#[test]
fn what_is_not_offered_is_not_listed() {
    let mut manifest = Manifest::new(presentation());
    let only = segment(0, &[9; 5]);
    manifest.append(&only);
    manifest.offer(&[false, true, false, true, false].into());
    let rung = text(&manifest, (&only, &only));
    assert!(media(&rung)[0].contains("QualityLevels(200000,audiotrack=audio_ger)"), "{rung}");
    assert!(rung.contains("QualityLevels(200000)/Manifest(video,format=f4m-f4f).abst"), "{rung}");
    assert_eq!(media(&rung).len(), 1);
    // Sound alone: the first language is no alternate.
    manifest.offer(&[false, false, false, true, true].into());
    let sound = text(&manifest, (&only, &only));
    assert!(media(&sound)[0].starts_with("type=\"audio\" lang=\"de\""), "{sound}");
    assert!(media(&sound)[1].starts_with("type=\"audio\" alternate=\"true\" lang=\"gsw\""), "{sound}");
    manifest.offer(&[false; 5].into());
    assert_eq!(manifest.render((&only, &only), ""), None);
}

#[test]
fn a_set_has_a_gap_where_none_of_its_renditions_has_anything() {
    let mut manifest = Manifest::new(presentation());
    // The second rung alone, then neither.
    let bytes = [[9, 9, 9, 9, 9], [0, 9, 9, 9, 9], [0, 0, 9, 0, 9], [9, 9, 9, 9, 9]];
    let all: Vec<Segment> = bytes.iter().zip(7..).map(|(bytes, n)| segment(n, bytes)).collect();
    all.iter().for_each(|segment| manifest.append(segment));
    let read = |manifest: &Manifest, track| parse_bootstrap(&manifest.bootstrap(track).unwrap().to_bytes());
    let (info, video) = read(&manifest, 0);
    assert_eq!((info.fragments, info.media_time, info.version), (4, 22_000, 11));
    assert_eq!(video.len(), 3);
    assert_eq!((video[0].first, video[1].first, video[2].first), (8, 10, 11));
    assert_eq!(read(&manifest, 1), (info, video));
    let (_, sound) = read(&manifest, 2);
    assert_eq!(sound, [FragmentRun { first: 8, time: 14_000, kind: RunKind::Equal(2000) }]);
    manifest.remove(&all[0]);
    assert_eq!(read(&manifest, 2).1[0].first, 9);
    assert_eq!(manifest.bootstrap(5), None);
}

#[test]
fn what_hds_does_not_carry_is_left_out() {
    let mut tracks = ladder();
    tracks.iter_mut().for_each(|track| track.format = TrackFormat::Unknown("any".into()));
    let manifest = Manifest::new(Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH)));
    assert!(!manifest.is_playable() && Manifest::new(presentation()).is_playable());
    assert_eq!(manifest.bootstrap(0), None);
}
