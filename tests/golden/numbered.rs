//! DASH by segment numbers, as whole MPDs.

use std::{sync::Arc, time::Duration};

use headend::{
    archive::{Pack, Presentation, Segment, Span},
    media::CueFormats,
    package::dash::{Flavour, Mpd},
    splice::{Cue, CueAction, CueSource},
    time::{MediaDuration, MediaTime, Utc},
};

use crate::{
    golden, judges,
    rig::{self, ON_AIR, Story},
};

const NUMBERS: &str = "Manifest(format=mpd-number-cmaf)";

fn check(name: &str, story: &Story, (window, edge): (f64, f64)) {
    let text = story.get(NUMBERS);
    golden("numbered", name, &text);
    judges::numbers(story, &text, (window, edge));
}

#[test]
fn from_the_first_segment_until_the_program_has_ended() {
    let mut story = Story::new(10);
    story.play(0, 2);
    check("first_segment.mpd", &story, (10.0, 2.0));
    let mut story = Story::new(10);
    story.play(0, 30);
    check("moved_window.mpd", &story, (10.0, 30.0));
    story.stop(30);
    story.end();
    check("ended.mpd", &story, (60.0, 30.0));
}

#[test]
fn off_air_for_a_while() {
    let mut story = Story::new(30);
    story.play(0, 6);
    story.stop(6);
    story.play(20, 26);
    check("off_air.mpd", &story, (30.0, 26.0));
}

/// A14.8: a break from second 4 to 12.
#[test]
fn a_break_with_and_without_periods() {
    for (name, periods) in [("break.mpd", false), ("break_periods.mpd", true)] {
        let mut story = Story::with_cues(60, CueFormats { periods, ..CueFormats::default() });
        let at = |n| Some(MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + n)));
        let duration = Some(MediaDuration::from_secs(7));
        let cue = |at, action| Cue { source: CueSource::Contribution, id: 7, at, action, section: None };
        story.announce(1, cue(at(4), CueAction::Out { duration, auto_return: false, shows_slate: true }));
        story.announce(1, cue(at(12), CueAction::In));
        story.play(0, 22);
        check(name, &story, (60.0, 22.0));
    }
}

/// Parts of half a second, as a host asks for them of the builder.
#[test]
fn low_latency() {
    let presentation = Arc::new(Presentation::new(rig::tracks(), Utc::UNIX_EPOCH));
    let two = MediaDuration::from_secs(2);
    let mut mpd = Mpd::new(presentation, Some(MediaDuration::from_secs(60)), two, None);
    mpd.parts(Some(MediaDuration::from_std(Duration::from_millis(500))));
    let segment = |sequence: u64| Segment {
        sequence,
        start: MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + 2 * sequence as i64)),
        duration: two,
        is_discontinuous: false,
        spans: Arc::from([Span { start: sequence, duration: 1, bytes: 1 }; 3]),
        cues: Arc::default(),
        pack: Pack::default(),
    };
    (0..3).for_each(|n| mpd.append(&segment(n)));
    let text = mpd.render(Flavour::Number, (&segment(0), &segment(2)), false);
    let text = String::from_utf8(text.to_bytes().to_vec()).unwrap();
    golden("numbered", "low_latency.mpd", &text);
    judges::schema(&text);
}

/// ISO/IEC 23009-1 clause 5.15: an MPD that says where its patches are.
#[test]
fn an_mpd_with_patches() {
    let mut story = Story::new(10);
    story.play(0, 30);
    let text = story.get("Manifest(format=mpd-time-cmaf,patch=true)");
    golden("patched", "manifest.mpd", &text);
    judges::mpd(&text, 1);
    let patch = story.get("Patch(format=mpd-time-cmaf,from=7-11)");
    golden("patched", "from_7_11.xml", &patch);
}
