use super::*;
use crate::archive::rig::ladder;

fn condition(property: &str, operator: &str, value: &str) -> Condition {
    Condition::new(property, operator, value).unwrap()
}

#[test]
fn conditions_of_every_property_a22_8() {
    let tracks = ladder();
    let selected = |tracks_of: Vec<Vec<Condition>>| {
        let filter = Filter { tracks: tracks_of, ..Filter::default() };
        assert_eq!(filter.check(), Ok(()));
        tracks.iter().map(|track| filter.selects(track)).collect::<Vec<_>>()
    };
    assert_eq!(selected(vec![]), [true, true, true]);
    assert_eq!(selected(vec![vec![condition("Type", "Equal", "Video")]]), [true, true, false]);
    assert_eq!(selected(vec![vec![condition("Type", "NotEqual", "video")]]), [false, false, true]);
    assert_eq!(selected(vec![vec![condition("Bitrate", "Equal", "0-1000000")]]), [false, true, true]);
    assert_eq!(selected(vec![vec![condition("Bitrate", "NotEqual", "3500000")]]), [false, true, true]);
    assert_eq!(selected(vec![vec![condition("FourCC", "Equal", "AVC1")]]), [true, true, false]);
    assert_eq!(selected(vec![vec![condition("Name", "Equal", "Video_340x192_200kbps")]]), [false, true, false]);
    assert_eq!(selected(vec![vec![condition("Language", "Equal", "und")]]), [true, true, true]);
    // Conditions of a selection are all to hold, and of selections one.
    let small = vec![condition("Type", "Equal", "video"), condition("Bitrate", "Equal", "0-400000")];
    assert_eq!(selected(vec![small.clone()]), [false, true, false]);
    assert_eq!(selected(vec![small, vec![condition("Type", "Equal", "audio")]]), [false, true, true]);
}

#[test]
fn what_is_no_condition_is_refused_a27_6() {
    for (property, operator, value) in [
        ("Type", "Equal", "pictures"),
        ("Bitrate", "Equal", "high"),
        ("Bitrate", "Equal", "9-1"),
        ("Bitrate", "Equal", "-1"),
        ("Bitrate", "Equal", "4294967296"),
        ("Bitrate", "Less", "9"),
        ("Colour", "Equal", "red"),
        ("Name", "Equal", ""),
    ] {
        let refused = Condition::new(property, operator, value).unwrap_err();
        assert_eq!(refused.code(), "MPE_FILTER_TRACK_ATTRIBUTE_INVALID", "{property} {operator} {value}");
    }
}

#[test]
fn ranges_windows_and_first_qualities_are_checked_a22_6() {
    let (at, secs) = (|secs| Some(MediaTime::ZERO.plus(MediaDuration::from_secs(secs))), MediaDuration::from_secs);
    let code = |filter: Filter| filter.check().map_err(|error| error.code());
    let none = Filter::default;
    assert_eq!(code(Filter { start: at(2), end: at(2), ..none() }), Ok(()));
    assert_eq!(code(Filter { start: at(3), end: at(2), ..none() }), Err("MPE_FILTER_RANGE_ATTRIBUTE_INVALID"));
    assert_eq!(code(Filter { force_end: true, ..none() }), Err("MPE_FILTER_RANGE_ATTRIBUTE_INVALID"));
    assert_eq!(code(Filter { window: Some(secs(60)), backoff: Some(secs(60)), ..none() }), Ok(()));
    assert_eq!(code(Filter { window: Some(secs(59)), ..none() }), Err("MPE_FILTER_PRESENTATION_WINDOW_INVALID"));
    assert_eq!(code(Filter { backoff: Some(secs(301)), ..none() }), Err("MPE_FILTER_LIVE_BACKOFF_INVALID"));
    assert_eq!(code(Filter { backoff: Some(secs(-1)), ..none() }), Err("MPE_FILTER_LIVE_BACKOFF_INVALID"));
    let longer = Filter { window: Some(secs(60)), backoff: Some(secs(61)), ..none() };
    assert_eq!(code(longer), Err("MPE_FILTER_LIVE_BACKOFF_OVER_PRESENTATION_WINDOW"));
    assert_eq!(code(Filter { first_quality: Some(0), ..none() }), Err("MPE_FILTER_FIRST_QUALITY_ATTRIBUTE_INVALID"));
    assert_eq!(code(Filter { tracks: vec![vec![]], ..none() }), Err("MPE_FILTER_TRACK_ATTRIBUTE_INVALID"));
}

#[test]
fn a_hundred_filters_of_good_names_a22_10() {
    let mut filters = Filters::default();
    for n in 0..100 {
        filters.set(&format!("filter-{n}"), Filter::default()).unwrap();
    }
    assert_eq!(filters.set("one_more", Filter::default()), Err(FilterError::TooMany(100)));
    assert_eq!(filters.set("filter-7", Filter { first_quality: Some(1), ..Filter::default() }), Ok(()));
    assert_eq!(filters.get("filter-7").unwrap().first_quality, Some(1));
    assert!(filters.remove("filter-7") && !filters.remove("filter-7"));
    for bad in ["", "a;b", "a b", "a)", &"x".repeat(81)] {
        assert_eq!(filters.set(bad, Filter::default()), Err(FilterError::Name(bad.into())));
    }
}
