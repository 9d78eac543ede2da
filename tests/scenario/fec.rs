//! FEC beside a feed (SMPTE ST 2022-1) on its way through a whole channel: what was lost and repaired leaves no trace (A5.8, FAULTS
//! row 20).

use std::collections::BTreeSet;

use headend::{channel::Event, error::Fault};

use crate::{
    rig::{
        Rig,
        fec::Matrix,
        line::{RtpSender, over_rtp},
        script::{Random, Sent},
        ts_feed::TsFeed,
    },
    timeline::{assert_in_step, assert_same_output, assert_seamless, count_faults},
    watch::watch,
};

/// A packet in each datagram: a matrix and the next, over which its columns are spread, pass within the half second in which FEC
/// can repair.
fn sent() -> Vec<Sent> {
    let (packets, mut sender) = (TsFeed::new(900_000).pictures(330), RtpSender::default());
    packets.chunks(1).flat_map(|packet| over_rtp(packet, &mut sender)).collect()
}

/// The feed without what is missing, and the FEC packets of the whole one, each right behind the datagram that it follows.
fn protected(sent: &[Sent], matrix: Matrix, missing: &BTreeSet<usize>) -> Vec<Sent> {
    let media: Vec<&[u8]> = sent.iter().map(|piece| &piece.bytes[..]).collect();
    let mut fec = matrix.protect(&media).into_iter().peekable();
    let mut all = Vec::new();
    for (index, piece) in sent.iter().enumerate() {
        all.extend((!missing.contains(&index)).then(|| piece.clone()));
        while let Some((_, bytes)) = fec.next_if(|(after, _)| *after <= index) {
            all.push(Sent { at: piece.at, bytes: bytes.into(), units: Vec::new() });
        }
    }
    all
}

fn lost(rig: &Rig) -> u64 {
    count_faults(rig, |fault| match fault {
        Fault::Loss { lost, .. } => *lost,
        Fault::Late { late } => *late,
        _ => 0,
    })
}

fn repaired(fault: &Fault) -> u64 {
    if let Fault::Repaired { repaired } = fault { *repaired } else { 0 }
}

/// One datagram in every matrix, and a burst as long as a row in the middle.
fn losses(matrix: Matrix, datagrams: usize, seed: u64) -> BTreeSet<usize> {
    let mut random = Random(seed);
    let whole = 4 * matrix.size()..datagrams - datagrams % matrix.size() - matrix.size();
    let single = whole.clone().step_by(matrix.size()).map(|block| block + random.below(matrix.size()));
    let burst = whole.start + 3 * matrix.size() + 2;
    single
        .filter(|index| !(burst - 2..burst + matrix.size()).contains(index))
        .chain(burst..burst + matrix.columns)
        .collect()
}

#[test]
fn row_20_lost_datagrams_that_fec_repairs_change_not_one_byte_of_the_output() {
    let sent = sent();
    let (clean, _) = watch(&sent);
    assert_seamless(&clean);
    assert_in_step(&clean, 9);
    let columns = Matrix { has_rows: false, ..Matrix::both(4, 4) };
    for (seed, matrix) in [Matrix::both(5, 4), Matrix::both(4, 4), columns].into_iter().enumerate() {
        let missing = losses(matrix, sent.len(), seed as u64);
        assert!(missing.len() > 12 && matrix.unrepairable(sent.len(), &missing).is_empty(), "{matrix:?}");
        let (rig, _) = watch(&protected(&sent, matrix, &missing));
        assert_eq!(lost(&rig), 0, "{matrix:?} {:?}", rig.events);
        // The one thing that is told is how many were repaired.
        let is_other = |event: &Event| matches!(event, Event::Fault { fault, .. } if repaired(fault) == 0);
        assert_eq!(rig.count_events(is_other), 0, "{:?}", rig.events);
        assert_eq!(count_faults(&rig, repaired), missing.len() as u64, "{:?}", rig.events);
        assert_same_output(&clean, &rig);
    }
}

#[test]
fn row_20_what_fec_cannot_repair_is_counted_and_the_rest_goes_on() {
    let (sent, matrix) = (sent(), Matrix::both(5, 4));
    // The same two places in two rows: four datagrams that each row and column misses two of.
    let block = 8 * matrix.size();
    let missing = BTreeSet::from([block, block + 1, block + 5, block + 6]);
    assert_eq!(matrix.unrepairable(sent.len(), &missing), missing);
    let (rig, _) = watch(&protected(&sent, matrix, &missing));
    assert_seamless(&rig);
    let lost = count_faults(&rig, |fault| if let Fault::Loss { lost, stream: None } = fault { *lost } else { 0 });
    assert_eq!(lost, 4, "{:?}", rig.events);
}
