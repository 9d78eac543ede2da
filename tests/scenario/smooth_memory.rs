//! What is remembered from one Smooth Streaming POST to the next, and of which stream (SPECS d1, FAULTS row 66).

use headend::{
    ingest::smooth::SmoothStreams,
    media::{AccessUnit, TrackId},
};

use crate::{
    rig::{
        smooth_feed::{Gop, SmoothFeed},
        smooth_post::{Told, avc1, fragment, header, moov, mp4a},
        ts_feed::{PPS, SPS_180},
    },
    smooth_posts::{body, faults, post, units},
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
