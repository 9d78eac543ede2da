//! Ad breaks in manifests and fragments (A14.8, A14.10).

use bytes::Bytes;
use headend::{
    media::{CueFormats, CueTags},
    splice::{
        Cue, CueAction, CueSource,
        scte35::{SpliceCommand, SpliceInfoSection, SpliceTime},
    },
    time::{MediaDuration, MediaTime},
};

use crate::{
    AUDIO, MPD, VIDEO, golden, judges,
    rig::{ON_AIR, Story},
};

fn second(n: i64) -> MediaTime {
    MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + n))
}

/// A break of the contribution from second 6 on, announced in the first second, which ends with a message at second 16; and a
/// message at second 19 that splices nothing.
fn story(window: i64, to: i64, formats: CueFormats) -> Story {
    let section = |ticks| SpliceInfoSection::new(SpliceCommand::TimeSignal(SpliceTime::At(ticks))).to_bytes().ok();
    let cue = |id, at, action, ticks| Cue {
        source: CueSource::Contribution,
        id,
        at: Some(second(at)),
        action,
        section: section(ticks),
    };
    let duration = Some(MediaDuration::from_secs(10));
    let mut story = Story::with_cues(window, formats);
    story.announce(1, cue(7, 6, CueAction::Out { duration, auto_return: false, shows_slate: true }, 1));
    story.announce(1, cue(7, 16, CueAction::In, 2));
    story.announce(1, cue(9, 19, CueAction::Tell, 3));
    story.play(0, to);
    story
}

#[test]
fn every_dialect_of_hls_from_the_out_point_to_the_in_point() {
    let older = |cue_tags| CueFormats { date_ranges: false, cue_tags, ..CueFormats::default() };
    let dialects = [
        ("daterange", CueFormats::default()),
        ("cue_out", older(CueTags::CueOut)),
        ("oatcls", older(CueTags::Oatcls)),
        ("cue", older(CueTags::Cue)),
    ];
    for (name, formats) in dialects {
        let whole = story(60, 22, formats);
        golden("ad_break", &format!("{name}.m3u8"), &whole.get(VIDEO));
        // Sound has the same tags before segments of the same times.
        let tags = |text: String| {
            text.lines()
                .filter(|line| line.contains("CUE") || line.contains("RANGE"))
                .map(String::from)
                .collect::<Vec<_>>()
        };
        assert_eq!(tags(whole.get(AUDIO)), tags(whole.get(VIDEO)));
        judges::playlists_and_store_agree(&whole, &[VIDEO, AUDIO]);
        // The out point has left the window, and the break goes on: whoever comes now hears of it.
        golden("ad_break", &format!("{name}_late.m3u8"), &story(4, 14, formats).get(VIDEO));
    }
}

#[test]
fn events_of_dash_in_one_period() {
    let formats = CueFormats::default();
    for (name, window, to) in [("running.mpd", 60, 12), ("late.mpd", 4, 14), ("over.mpd", 60, 22), ("gone.mpd", 4, 26)]
    {
        let mpd = story(window, to, formats).get(MPD);
        judges::mpd(&mpd, 1);
        golden("ad_break", name, &mpd);
    }
}

#[test]
fn every_splice_begins_a_period_where_that_is_wanted() {
    let formats = CueFormats { periods: true, ..CueFormats::default() };
    for (name, window, to) in
        [("periods_running.mpd", 60, 12), ("periods_over.mpd", 60, 22), ("periods_late.mpd", 4, 18)]
    {
        let mpd = story(window, to, formats).get(MPD);
        judges::mpd(&mpd, 1);
        golden("ad_break", name, &mpd);
    }
    let mut ended = story(60, 22, formats);
    ended.end();
    let mpd = ended.get(MPD);
    judges::mpd(&mpd, 1);
    golden("ad_break", "periods_ended.mpd", &mpd);
}

/// The boxes of this kind at the top of a fragment, without their headers.
fn messages(fragment: &Bytes) -> Vec<Bytes> {
    let (mut at, mut found) = (0, Vec::new());
    while let Some(head) = fragment.get(at..at + 8) {
        let size = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        found.extend((&head[4..] == b"emsg").then(|| fragment.slice(at + 12..at + size)));
        at += size;
    }
    found
}

#[test]
fn fragments_of_video_carry_a_break_from_its_announcement_to_its_end() {
    let story = story(60, 22, CueFormats::default());
    let fragment = |track: &str, bitrate: u32, ticks: i64| {
        story.media(&format!("QualityLevels({bitrate})/Fragments({track}={ticks},format=mpd-time-cmaf)"))
    };
    for bitrate in [3_500_000, 200_000] {
        for n in (0..22).step_by(2) {
            let found = messages(&fragment("video", bitrate, (ON_AIR + n) * 90_000));
            // The message of second 19 from 15 s before on, once; the break until it ends, and its end.
            let expected = usize::from(n < 16) + usize::from(n == 16) + usize::from(n == 4);
            assert_eq!(found.len(), expected, "second {n}");
            let starts = u64::from_be_bytes(found.first().map_or([0; 8], |event| event[4..12].try_into().unwrap()));
            let start = if n < 16 { 6 } else { 16 };
            assert!(n > 16 || starts == (ON_AIR as u64 + start) * 90_000, "second {n}: {starts}");
        }
    }
}
