//! The set of a set's key frames, for playing fast forwards and backwards (DASH-IF IOP 4.3 clause 3.2.9).

use dash_mpd::{AdaptationSet, EssentialProperty, Representation};

use crate::time::MediaDuration;

/// The key frames of a set of pictures, as a set of its own with the same segments; `None` of anything else. There are so many sets
/// of the presentation: ids are counted on from theirs, so that a set keeps its id whatever is listed.
///
/// A player that does not know an essential property leaves its set out (ISO/IEC 23009-1 clause 5.8.4.8). Bandwidths are those of the
/// main set, as they stand in the URLs: upper bounds. The frame rate is that of the longest segments, one picture of each, and the set
/// tells of no events.
pub(super) fn trick_play(main: &AdaptationSet, sets: usize, longest: MediaDuration) -> Option<AdaptationSet> {
    let id = main.id.as_ref().filter(|_| main.contentType.as_deref() == Some("video"))?;
    let property =
        EssentialProperty { schemeIdUri: TRICK_MODE.into(), value: Some(id.clone()), ..EssentialProperty::default() };
    let mut template = main.SegmentTemplate.clone()?;
    template.media =
        template.media.as_deref().and_then(|media| Some(format!("{},type=keyframes)", media.strip_suffix(')')?)));
    let of = |one: &Representation| Representation {
        id: one.id.as_ref().map(|id| format!("{id}_keyframes")),
        frameRate: Some(frame_rate(longest)),
        codingDependency: Some(false),
        maxPlayoutRate: Some(MAX_RATE),
        ..one.clone()
    };
    Some(AdaptationSet {
        id: id.parse().ok().map(|id: usize| sets.saturating_add(id).to_string()),
        essential_property: vec![property],
        Accessibility: Vec::new(),
        Role: Vec::new(),
        InbandEventStream: Vec::new(),
        SegmentTemplate: Some(template),
        representations: main.representations.iter().map(of).collect(),
        ..main.clone()
    })
}

/// One picture in such a time, to the millisecond.
fn frame_rate(time: MediaDuration) -> String {
    let millis = time.to_std().as_millis().max(1);
    if millis.is_multiple_of(1000) { format!("1/{}", millis / 1000) } else { format!("1000/{millis}") }
}

/// Its value is the id of the main set.
const TRICK_MODE: &str = "http://dashif.org/guidelines/trickmode";

/// How many times as fast as usual a decoder of the same level gets through: of two seconds one picture, 16 a second.
const MAX_RATE: f64 = 32.0;

#[cfg(test)]
mod tests {
    use dash_mpd::{Accessibility, InbandEventStream, Role, SegmentTemplate};

    use super::*;

    fn pictures() -> AdaptationSet {
        let media = Some("QualityLevels($Bandwidth$)/Fragments(video=$Time$,format=mpd-time-csf)".into());
        let one = |name: &str| Representation {
            id: Some(name.into()),
            bandwidth: Some(200_000),
            frameRate: Some("30".into()),
            ..Representation::default()
        };
        AdaptationSet {
            id: Some("1".into()),
            contentType: Some("video".into()),
            Accessibility: vec![Accessibility::default()],
            Role: vec![Role::default()],
            InbandEventStream: vec![InbandEventStream::default()],
            SegmentTemplate: Some(SegmentTemplate { media, ..SegmentTemplate::default() }),
            representations: vec![one("high"), one("low")],
            ..AdaptationSet::default()
        }
    }

    #[test]
    fn a_set_of_pictures_has_one_of_key_frames() {
        let set = trick_play(&pictures(), 3, MediaDuration::from_secs(2)).unwrap();
        assert_eq!((set.id.as_deref(), set.contentType.as_deref()), (Some("4"), Some("video")));
        let property = &set.essential_property[0];
        let is_of = (property.schemeIdUri.as_str(), property.value.as_deref());
        assert_eq!(is_of, ("http://dashif.org/guidelines/trickmode", Some("1")));
        let media = "QualityLevels($Bandwidth$)/Fragments(video=$Time$,format=mpd-time-csf,type=keyframes)";
        assert_eq!(set.SegmentTemplate.unwrap().media.as_deref(), Some(media));
        let ids: Vec<&str> = set.representations.iter().filter_map(|one| one.id.as_deref()).collect();
        assert_eq!(ids, ["high_keyframes", "low_keyframes"]);
        let is_free = |one: &Representation| one.codingDependency == Some(false) && one.maxPlayoutRate == Some(32.0);
        assert!(set.representations.iter().all(|one| is_free(one) && one.frameRate.as_deref() == Some("1/2")));
        // Its fragments have no events and no captions.
        assert_eq!((set.Accessibility.len(), set.InbandEventStream.len(), set.Role.len()), (0, 0, 0));
    }

    #[test]
    fn a_frame_rate_is_a_ratio_of_whole_numbers() {
        let of = |millis| frame_rate(MediaDuration::from_millis(millis));
        assert_eq!([2000, 6000, 2002, 0].map(of), ["1/2", "1/6", "1000/2002", "1000/1"]);
    }

    #[test]
    fn nothing_else_has_key_frames() {
        assert!(
            trick_play(
                &AdaptationSet { contentType: Some("audio".into()), ..pictures() },
                3,
                MediaDuration::from_secs(2)
            )
            .is_none()
        );
    }
}
