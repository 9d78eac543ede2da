//! The program clock of a transport stream jumps, is marked, is elsewhere or is missing: the time line is that of the time
//! stamps (FAULTS rows 11 and 12).

use headend::channel::Event;

use crate::{
    rig::{
        Rig,
        line::datagrams,
        script::Script,
        ts_feed::{AUDIO, Clock, TsFeed, VIDEO},
    },
    timeline::{assert_in_step, assert_same, assert_seamless},
    watch::watch,
};

/// 200 pictures, `change` of the clock, 200 pictures.
fn run(before: Clock, after: Clock) -> Rig {
    let mut feed = TsFeed::new(900_000);
    feed.clock = before;
    let mut packets = feed.pictures(200);
    feed.clock = after;
    packets.extend(feed.pictures(200));
    watch(&datagrams(&packets)).0
}

const PLAIN: Clock = Clock { pid: VIDEO, offset: 0, is_marked: false };

#[test]
fn row_11_a_jump_of_the_program_clock_alone_is_none_whether_it_is_marked_or_not() {
    let plain = run(PLAIN, PLAIN);
    assert_seamless(&plain);
    assert_in_step(&plain, 11);
    assert_eq!(plain.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", plain.events);
    for offset in [10, -10, 26 * 3600] {
        for is_marked in [false, true] {
            assert_same(&plain, &run(PLAIN, Clock { offset: offset * Script::SECOND, is_marked, ..PLAIN }));
        }
    }
    assert_same(&plain, &run(PLAIN, Clock { is_marked: true, ..PLAIN }));
}

#[test]
fn row_12_without_a_program_clock_or_with_one_elsewhere_nothing_changes() {
    let plain = run(PLAIN, PLAIN);
    for pid in [0x1FFF, 0x1EE, AUDIO] {
        let other = Clock { pid, ..PLAIN };
        assert_same(&plain, &run(other, other));
        // It goes, or moves, where the map says so.
        assert_same(&plain, &run(PLAIN, other));
        assert_same(&plain, &run(other, PLAIN));
    }
}
