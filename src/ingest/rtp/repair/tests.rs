//! Forward error correction through the receiver, against a model that peels matrices.

use std::{collections::BTreeSet, time::Duration};

use super::super::{
    super::{Demuxed, Demuxer},
    RtpConfig, RtpReceiver,
    fec_sender::{Matrix, packet},
    tests::{count, datagram, datagrams, lost, media},
};
use super::*;
use crate::{
    error::Fault,
    ingest::rig::{Feed, Random},
    time::{Now, Utc},
};

fn feed() -> Vec<Bytes> {
    datagrams(&Feed { pictures: 300, ..Feed::default() })
}

/// Sends the feed a millisecond a datagram, without those in `lost`, and FEC packets as the matrix has them.
fn run(media: &[Bytes], fec: &[(usize, Vec<u8>)], lost: &BTreeSet<usize>) -> (Vec<Demuxed>, FecTally) {
    let (mut receiver, mut found) = (RtpReceiver::new(RtpConfig::default()), Vec::new());
    let mut fec = fec.iter().peekable();
    for (index, datagram) in media.iter().enumerate() {
        let now = Now::new(Duration::from_millis(index as u64), Utc::UNIX_EPOCH);
        if receiver.poll_timeout().is_some_and(|deadline| deadline <= now.monotonic) {
            receiver.handle_timeout(now);
        }
        if !lost.contains(&index) {
            receiver.push(datagram.clone(), now).unwrap();
        }
        while let Some((_, packet)) = fec.next_if(|(after, _)| *after <= index) {
            receiver.push(Bytes::copy_from_slice(packet), now).unwrap();
        }
        found.extend(std::iter::from_fn(|| receiver.pull()));
    }
    receiver.finish();
    found.extend(std::iter::from_fn(|| receiver.pull()));
    (found, receiver.reception().unwrap().fec)
}

fn repaired(found: &[Demuxed]) -> u64 {
    count(found, |fault| match fault {
        Fault::Repaired { repaired } => *repaired,
        _ => 0,
    })
}

#[test]
fn row_20_a_lost_datagram_of_each_row_or_a_burst_as_long_as_a_row_comes_back() {
    let all = feed();
    let (clean, _) = run(&all, &[], &BTreeSet::new());
    let rows = Matrix { has_columns: false, ..Matrix::both(5, 5) };
    let one_in_each: BTreeSet<usize> = (50..all.len() - 100).step_by(7).collect();
    let columns = Matrix { has_rows: false, ..Matrix::both(10, 5) };
    let burst: BTreeSet<usize> = (113..123).chain(203..213).collect();
    for (matrix, lost) in [(rows, one_in_each.clone()), (Matrix::both(5, 5), one_in_each), (columns, burst)] {
        // Two that are seven apart are never in one row of five, so nothing is left.
        assert!(matrix.unrepairable(all.len(), &lost).is_empty());
        let (found, tally) = run(&all, &matrix.protect(&all), &lost);
        assert_eq!(repaired(&found), lost.len() as u64, "{matrix:?}");
        assert_eq!((tally.repaired, tally.lost, tally.too_late), (lost.len() as u64, 0, 0), "{matrix:?}");
        assert_eq!(count(&found, |fault| u64::from(!matches!(fault, Fault::Repaired { .. }))), 0, "{matrix:?}");
        assert!(media(&found) == media(&clean), "{matrix:?}");
    }
}

#[test]
fn row_20_random_loss_is_repaired_exactly_where_peeling_can() {
    let all = feed();
    let (mut some_left, mut all_repaired) = (0, 0);
    for seed in 0..24 {
        let mut random = Random(seed);
        let matrix =
            [Matrix::both(5, 5), Matrix::both(10, 10), Matrix::both(4, 8), Matrix::both(1, 6)][seed as usize % 4];
        let one_in = 3 + random.below(20);
        let protected = all.len() - all.len() % matrix.size();
        let from = matrix.size();
        let lost: BTreeSet<usize> = (from..protected - 1).filter(|_| random.below(one_in) == 0).collect();
        let left = matrix.unrepairable(all.len(), &lost).len() as u64;
        let (found, tally) = run(&all, &matrix.protect(&all), &lost);
        assert_eq!(super::super::tests::lost(&found), left, "seed {seed} {matrix:?}");
        assert_eq!((tally.repaired, tally.lost), (lost.len() as u64 - left, left), "seed {seed} {matrix:?}");
        some_left += u64::from(left > 0);
        all_repaired += u64::from(left == 0);
    }
    assert!(some_left > 3 && all_repaired > 3, "{some_left} {all_repaired}");
}

#[test]
fn fec_that_comes_before_its_media_or_twice_changes_nothing() {
    let all = feed();
    let (clean, _) = run(&all, &[], &BTreeSet::new());
    let mut fec = Matrix::both(5, 5).protect(&all);
    fec.iter_mut().for_each(|(after, _)| *after = after.saturating_sub(4));
    let twice: Vec<_> = fec.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
    let (found, tally) = run(&all, &twice, &BTreeSet::new());
    assert_eq!(lost(&found), 0);
    assert_eq!((tally.packets, tally.repaired), (twice.len() as u64, 0));
    assert!(media(&found) == media(&clean));
}

#[test]
fn csrc_extension_padding_and_short_datagrams_come_back_as_they_were() {
    let mut all = feed();
    for (index, one) in all.iter_mut().enumerate().skip(100) {
        let mut bytes = one.to_vec();
        match index % 4 {
            0 => {
                bytes = [&[0xB1][..], &bytes[1..12], &[9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4], &bytes[12..], &[0, 2]]
                    .concat()
            }
            1 => bytes[1] |= 0x80,
            _ => {}
        }
        *one = bytes.into();
    }
    let (clean, _) = run(&all, &[], &BTreeSet::new());
    let lost = (120..all.len() - 60).step_by(11).collect::<BTreeSet<_>>();
    let (found, tally) = run(&all, &Matrix::both(5, 6).protect(&all), &lost);
    assert_eq!((tally.repaired, tally.lost), (lost.len() as u64, 0));
    assert!(media(&found) == media(&clean));
}

#[test]
fn a_repair_that_does_not_look_like_the_feed_is_thrown_away() {
    let all = feed();
    let lost: BTreeSet<usize> = [60].into();
    let fec = Matrix { has_columns: false, ..Matrix::both(5, 5) }.protect(&all);
    // Length recovery, payload type recovery, and a parity that is too short for the length.
    let breaks: [fn(&mut Vec<u8>); 3] = [|p| p[15] ^= 1, |p| p[16] ^= 1, |p| p.truncate(28 + 188)];
    for broken in breaks {
        let mut fec = fec.clone();
        fec.iter_mut().for_each(|(_, packet)| broken(packet));
        let (found, tally) = run(&all, &fec, &lost);
        assert_eq!((tally.repaired, tally.lost), (0, 1));
        assert_eq!(super::super::tests::lost(&found), 1);
    }
}

#[test]
fn row_25_fec_of_a_source_that_is_gone_repairs_nothing_of_the_new_one() {
    let all = feed();
    let new: Vec<Bytes> = all
        .iter()
        .skip(300)
        .zip(0u16..)
        .map(|(old, n)| datagram(65_500u16.wrapping_add(290 + n), 0, u32::from(n) * 900, 8, &old[12..]))
        .collect();
    let both: Vec<Bytes> = all[..300].iter().chain(&new).cloned().collect();
    let columns = Matrix { has_rows: false, ..Matrix::both(10, 10) };
    // The columns of the last matrix would go beside the datagrams that nobody sends any more.
    let fec: Vec<_> = columns.protect(&all).into_iter().take(30).collect();
    let (found, tally) = run(&both, &fec, &[155, 250, 305].into());
    assert_eq!((tally.repaired, tally.lost), (1, 1 + 1));
    assert_eq!(count(&found, |fault| u64::from(*fault == Fault::SourceChanged)), 1);
}

#[test]
fn what_cannot_be_used_is_bounded_and_what_cannot_be_read_is_counted() {
    let all = feed();
    let source = Source { ssrc: 7, payload_type: 33, timestamp: 0 };
    let mut repair = Repair::default();
    repair.media(0, &all[0], source);
    assert!(repair.kept.is_empty(), "without FEC nothing is kept");
    let fec = Bytes::from(packet(0, true, 1, &[&all[0], &all[1], &all[2]]));
    for _ in 0..1000 {
        repair.fec(FecPacket::parse(&fec).unwrap(), source);
    }
    assert_eq!((repair.waiting.len(), repair.kept.len()), (MAX_WAITING, HISTORY));
    for (n, datagram) in all.iter().enumerate() {
        repair.media(n as u16, datagram, source);
    }
    assert_eq!(repair.kept.len(), HISTORY);

    let good = Matrix::both(5, 5).protect(&all);
    let mut bad: Vec<u8> = good[3].1.clone();
    bad[26] = 200;
    let mut far = good[3].1.clone();
    far[12] ^= 0x40;
    let (found, _) = run(&all, &[(20, bad), (30, far)], &BTreeSet::new());
    for what in ["malformed FEC", "FEC of other datagrams"] {
        assert_eq!(count(&found, |fault| u64::from(*fault == Fault::Ignored { what, count: 1 })), 1, "{what}");
    }
    assert_eq!(lost(&found), 0);
}

#[test]
fn a_repair_after_the_window_gave_up_is_late_and_the_loss_stays() {
    let all = datagrams(&Feed { pictures: 500, ..Feed::default() });
    let mut fec = Matrix { has_columns: false, ..Matrix::both(5, 5) }.protect(&all);
    fec.iter_mut().for_each(|(after, _)| *after += if *after == 54 { 520 } else { 0 });
    fec.sort_by_key(|(after, _)| *after);
    assert!(all.len() > 600);
    let (found, tally) = run(&all, &fec, &[52].into());
    assert_eq!((tally.repaired, tally.too_late, tally.lost), (0, 1, 1));
    assert_eq!(lost(&found), 1);
}

/// Found by fuzzing: the P bit of the FEC packet, an XOR, made its length that of media.
#[test]
fn fec_whose_padding_bit_makes_it_as_long_as_media_is_fec() {
    let mut all = feed();
    let mut padded = all[100].to_vec();
    padded[0] |= 0x20;
    padded.extend([0, 0, 0, 4]);
    all[100] = padded.into();
    let mut fec = packet(0, true, 1, &[&all[99], &all[100], &all[101]]);
    // 16 bytes of FEC header and four of padding are more than transport packets.
    *fec.last_mut().unwrap() = 20;
    let (clean, _) = run(&all, &[], &BTreeSet::new());
    let (found, tally) = run(&all, &[(101, fec)], &BTreeSet::new());
    assert_eq!(tally.packets, 1);
    assert!(found == clean);
}
