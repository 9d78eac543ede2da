//! What is stored does not depend on how the bytes of a contribution are cut, nor on how much of it comes at once (I2; FAULTS
//! row 63).

use headend::{
    channel::{Encoding, PassThrough},
    ingest::smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    time::MediaDuration,
};

use super::{
    Ladder, assert_aligned, assert_untouched, config, video,
    wire::{end, on_air, rtmp},
};
use crate::{
    rig::{Rig, rtmp_feed::RtmpFeed, smooth_feed::SmoothFeed},
    timeline::{assert_same_output, count_faults},
};

/// Half a minute of Smooth Streaming, all of it at one instant, in reads of `size` bytes.
fn smooth(size: usize) -> Rig {
    let mut feed = SmoothFeed::new(0);
    (feed.script.gop, feed.script.size) = (60, 60);
    let gops = SmoothFeed::sent(&feed.gops(15));
    let bytes = [feed.header(), gops.iter().flat_map(|sent| sent.bytes.to_vec()).collect()].concat();
    let mut rig = on_air();
    let session = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), rig.now);
    let id = rig.attach("smooth", Box::new(session));
    bytes.chunks(size).for_each(|piece| rig.bytes(id, piece.to_vec()));
    end(&mut rig, id);
    rig
}

/// The same of RTMP.
fn over_rtmp(size: usize) -> Rig {
    let mut rig = on_air();
    let (mut feed, id): (RtmpFeed, _) = rtmp(&mut rig, 1000);
    feed.script.size = 60;
    let bytes: Vec<u8> = feed.pictures(900).iter().flat_map(|sent| sent.bytes.to_vec()).collect();
    bytes.chunks(size).for_each(|piece| rig.bytes(id, piece.to_vec()));
    end(&mut rig, id);
    rig
}

#[test]
fn row_63_a_whole_session_in_one_read_is_stored_as_one_of_single_bytes() {
    for play in [smooth, over_rtmp] {
        let bytewise = play(1);
        assert_eq!(bytewise.segments().len(), 15);
        let whole = &bytewise.segments()[..14];
        assert!(whole.iter().all(|segment| segment.duration == MediaDuration::from_secs(2)), "{whole:?}");
        assert_eq!(bytewise.stored("asset", 0).len(), 900);
        for size in [1 << 10, 64 << 10, 1 << 30] {
            let other = play(size);
            assert_same_output(&bytewise, &other);
            assert_eq!(count_faults(&other, |_| 1), 0, "{size}: {:?}", other.events);
        }
    }
}

#[test]
fn everything_that_waited_for_the_tracks_to_settle_is_cut_as_what_follows() {
    let mut config = config(1000);
    config.encoding = Encoding::None(PassThrough { settle: MediaDuration::from_secs(10), ..PassThrough::default() });
    let lanes = vec![
        (0, video(180, 200_000, "v", 90_000), 3600),
        (1, video(360, 800_000, "w", 90_000), 3600),
        (2, super::sound(64_000, "a", 48_000), 1024),
    ];
    let run = |order: [usize; 3], is_late: bool| {
        let mut ladder = Ladder::with(config.clone(), 3, lanes.clone());
        ladder.lanes.iter_mut().for_each(|lane| lane.gop = 25);
        ladder.order = order.to_vec();
        if is_late {
            // The first session is ten seconds ahead of the others when they come.
            let first = order[0];
            ladder.order = vec![first];
            (0..10).for_each(|_| ladder.send(1));
            (ladder.order, ladder.at) = (order.to_vec(), 0);
            ladder.send(10);
        } else {
            ladder.send(10);
        }
        ladder.send(5);
        ladder.stop();
        ladder
    };
    let plain = run([0, 1, 2], false);
    let segments = plain.rig.segments();
    assert_eq!(segments.len(), 15);
    assert!(segments.iter().all(|segment| segment.duration == MediaDuration::from_secs(1)), "{segments:?}");
    assert_eq!(count_faults(&plain.rig, |_| 1), 0, "{:?}", plain.rig.events);
    assert_aligned(&segments, &plain.rig);
    assert_untouched(&plain);
    for (order, is_late) in [([2, 1, 0], false), ([0, 2, 1], true), ([2, 0, 1], true), ([1, 2, 0], true)] {
        let other = run(order, is_late);
        assert_same_output_but_epoch(&plain, &other);
    }
}

/// Who began first decides the wall clock of the first access unit only.
fn assert_same_output_but_epoch(one: &Ladder, other: &Ladder) {
    assert_eq!(one.rig.segments(), other.rig.segments());
    let media = |ladder: &Ladder| {
        let mut objects = crate::timeline::objects(&ladder.rig);
        // The index says what media time counts from.
        objects.retain(|name, _| !name.ends_with(".idx"));
        objects
    };
    assert!(media(one) == media(other), "other media");
}
