use bytes::Bytes;

use super::*;
use crate::{
    archive::{
        Segmenter, SegmenterLimits,
        rig::{ladder, pictures},
    },
    error::ParseErrorKind,
    media::TrackId,
    time::{MediaDuration, MediaTime},
    wire::mp4::{ChunkPlace, EventMessage, Fragment},
};

/// The fragment of two seconds that begins with picture 60, and its span.
fn second_segment() -> (TrackSpec, Body, Span) {
    let origin = MediaTime::ZERO.plus(MediaDuration::from_secs(1_800_000_000));
    let tracks = vec![ladder().remove(0)];
    let mut segmenter = Segmenter::new(tracks.clone(), SegmenterLimits::default());
    (0..3).for_each(|n| segmenter.boundary(origin.plus(MediaDuration::from_secs(2 * n))).unwrap());
    pictures(0, origin, 0..121).into_iter().for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
    let mut sealed = [segmenter.pull().unwrap(), segmenter.pull().unwrap()];
    let [_, second] = &mut sealed;
    (tracks[0].clone(), second.fragments.remove(0), second.segment.spans[0])
}

#[test]
fn one_picture_stays_and_lasts_as_long_as_all_of_them() {
    let (track, stored, span) = second_segment();
    let whole = Fragment::parse(&stored.to_bytes()).unwrap();
    let body = key_frame(&track, &stored, span).unwrap();
    let one = Fragment::parse(&body.to_bytes()).unwrap();
    assert_eq!((one.sequence, one.decode_time), (whole.sequence, whole.decode_time));
    assert_eq!((one.samples.len(), one.samples[0].duration, span.duration), (1, 180_000, 180_000));
    assert!(one.samples[0].is_sync);
    assert_eq!((whole.samples.len(), &one.samples[0].data), (60, &whole.samples[0].data));
    let is_shared = |part: &Bytes| stored.parts().iter().any(|held| held.as_ptr_range().contains(&part.as_ptr()));
    assert!(body.parts().last().is_some_and(is_shared), "the picture is not copied");
}

/// Pieces of low latency are stored one behind the other, and events may stand before any of them.
#[test]
fn of_several_pieces_the_first_counts_and_no_event_is_told_again() {
    let (track, _, _) = second_segment();
    let sample = |size, is_sync| Sample { duration: 3000, size, composition_offset: 0, is_sync };
    let message = Bytes::from_static(b"cue");
    let event = EventMessage { presentation_time: 90_000, duration: EventMessage::UNKNOWN, id: 1, message };
    let piece = |sequence, at, samples: &[Sample], media: &'static [u8]| {
        let header = fragment_header(&track, sequence, at, samples, ChunkPlace::First(std::slice::from_ref(&event)));
        [header, Bytes::from_static(media)]
    };
    let first = piece(7, 90_000, &[sample(2, true), sample(3, false)], b"IIbbb");
    let second = piece(8, 96_000, &[sample(1, false)], b"c");
    let stored = Body::from([first, second].concat());
    let body = key_frame(&track, &stored, Span { start: 90_000, duration: 9000, bytes: 1 }).unwrap().to_bytes();
    let one = Fragment::parse(&body).unwrap();
    assert_eq!((one.sequence, one.decode_time, one.samples.len()), (7, 90_000, 1));
    assert_eq!((&one.samples[0].data[..], one.samples[0].duration), (&b"II"[..], 9000));
    assert!(!body.windows(4).any(|kind| kind == b"emsg"));
}

#[test]
fn what_begins_with_no_key_frame_is_refused() {
    let (track, _, span) = second_segment();
    let of = |samples: &[Sample]| {
        let header = fragment_header(&track, 1, 0, samples, ChunkPlace::First(&[]));
        key_frame(&track, &Body::from(vec![header, Bytes::from_static(b"abc")]), span).map_err(|error| error.kind)
    };
    let sample = |size, is_sync| Sample { duration: 3000, size, composition_offset: 0, is_sync };
    let missing = Err(ParseErrorKind::Missing { what: "key frame" });
    assert!(of(&[sample(3, true)]).is_ok());
    assert_eq!(of(&[sample(1, false), sample(2, true)]), missing);
    assert_eq!((of(&[sample(0, true)]), of(&[])), (missing.clone(), missing));
}

#[test]
fn hostile_bytes_are_errors() {
    let (track, stored, span) = second_segment();
    let bytes = stored.to_bytes();
    let head = bytes.len().min(400);
    for len in 0..head {
        let _ = key_frame(&track, &Body::from(bytes.slice(..len)), span);
    }
    for at in 0..head {
        let mut broken = bytes.to_vec();
        broken[at] ^= 0x5A;
        if let Ok(body) = key_frame(&track, &Body::from(Bytes::from(broken)), span) {
            assert!(body.len() <= bytes.len() + 160, "{at}: no more than there was");
        }
    }
    assert!(key_frame(&track, &Body::new(), span).is_err());
}
