//! What is remembered from one Smooth Streaming POST to the next, and of which stream (SPECS d1, FAULTS row 66).

use headend::{
    error::{Fault, FragmentDrop},
    ingest::{Demuxed, smooth::SmoothStreams},
    media::{AccessUnit, TrackId},
};

use crate::{
    rig::{
        smooth_feed::{AUDIO, Gop, SmoothFeed, VIDEO},
        smooth_post::{Told, avc1, fragment, header, moov, mp4a},
        ts_feed::{PPS, SPS_180},
    },
    smooth_posts::{body, drop_of, faults, of, post, units},
};

fn short(offset: i64, count: usize) -> (SmoothFeed, Vec<Gop>) {
    let mut feed = SmoothFeed::new(offset);
    feed.script.size = 60;
    let gops = feed.gops(count);
    (feed, gops)
}

fn ids(units: &[AccessUnit], id: u32) -> usize {
    units.iter().filter(|unit| unit.track == TrackId(id)).count()
}

#[test]
fn tracks_that_are_called_the_same_keep_all_their_fragments_a8_2() {
    let (avc1, mp4a) = (avc1(SPS_180, PPS), mp4a(&[0x11, 0x90]));
    let video = Told { id: 1, element: "video", name: "", bitrate: 0, more: "", entry: &avc1 };
    let audio = Told { id: 3, element: "audio", name: "", bitrate: 128_000, more: "", entry: &mp4a };
    let tracks = [video, Told { id: 2, ..video }, audio, Told { id: 4, ..audio }];
    let all_named = tracks.map(|track| Told { name: "one", bitrate: 5, ..track });
    // Without a manifest, with one that names nobody, and with one that calls them all the same.
    for header in [moov(&tracks), header(&tracks), header(&all_named)] {
        let round = |n: i64| {
            let of = |id: u32| fragment(id, n * 20_000_000, &[(20_000_000, 0, b"\0\0\0\x02\x65\x88")], None);
            (1..5).flat_map(of).collect::<Vec<u8>>()
        };
        let body = |rounds: std::ops::Range<i64>| [header.clone(), rounds.flat_map(round).collect()].concat();
        let streams = SmoothStreams::new();
        let found = post(&streams, &body(0..5), 1000);
        assert_eq!((faults(&found), units(&found).len()), (vec![], 20));
        // Sent again, each is known as its own.
        let again = post(&streams, &body(3..7), 1000);
        for id in 1..5 {
            assert_eq!(ids(&units(&again), id), 2, "{id}");
        }
        assert_eq!(faults(&again).len(), 8);
    }
}

#[test]
fn rungs_that_each_carry_the_same_sound_have_a_memory_each_and_lose_none() {
    let (feed, gops) = short(0, 4);
    let one = post(&SmoothStreams::new(), &body(&feed, &gops), 1000);
    let other = post(&SmoothStreams::new(), &body(&feed, &gops), 1000);
    assert_eq!((faults(&one), &one), (vec![], &other));
}

#[test]
fn row_7_an_encoder_that_is_restarted_within_seconds_loses_nothing() {
    for before in [5, 12, 25] {
        let (feed, gops) = short(0, before);
        let streams = SmoothStreams::new();
        post(&streams, &body(&feed, &gops), 1000);
        // FFmpeg begins at 0 each time, and has other pictures.
        let (feed, gops) = short(0, 30);
        let found = post(&streams, &body(&feed, &gops), 1000);
        assert_eq!((faults(&found), units(&found).len()), (vec![], feed.script.units.len()), "after {before} s");
    }
}

#[test]
fn row_66_what_is_sent_again_at_the_start_of_a_post_is_known_by_the_last_four() {
    let (feed, gops) = short(0, 12);
    for again in 1..=4 {
        let streams = SmoothStreams::new();
        let first = post(&streams, &body(&feed, &gops[..10]), 1000);
        let second = post(&streams, &body(&feed, &gops[10 - again..]), 1000);
        let twice = Fault::FragmentsDropped { count: 1, stream: VIDEO, reason: FragmentDrop::OverlapTimestamp };
        let told = faults(&second);
        assert_eq!((told.iter().filter(|fault| **fault == twice).count(), told.len()), (again, 2 * again));
        for track in [VIDEO, AUDIO] {
            let count = of(&first, track).len() + of(&second, track).len();
            assert_eq!(count, feed.script.units.iter().filter(|unit| unit.is_video == (track == VIDEO)).count());
        }
    }
    // Once one was taken, what is older is late, as it ever was.
    let bytes = [body(&feed, &gops[..10]), gops[2].video.to_vec()].concat();
    let found = post(&SmoothStreams::new(), &bytes, 1000);
    assert_eq!(faults(&found), [drop_of(VIDEO, FragmentDrop::OverlapTimestamp)]);
    assert_eq!(found.last(), Some(&Demuxed::End));
}
