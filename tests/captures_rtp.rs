//! RTP captures with known answers, whole and with what a network does to them: lost, late, on two legs, with FEC beside.
//!
//! The material lies beside the project and is not part of it; without it every test says so and passes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures from disk")]

#[path = "rig/fec.rs"]
mod fec;

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use fec::Matrix;
use headend::{
    error::Fault,
    ingest::{DatagramDemuxer, Demuxed, Demuxer, Leg, LegTally, Reception, RtpConfig, TsConfig, TsDemuxer},
    time::{Now, Utc},
};

fn media(path: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/media");
    if !folder.is_dir() {
        println!("skipped: no ../shared/media");
        return None;
    }
    Some(folder.join(path))
}

/// A datagram with the time and the leg of its arrival.
type Arrival = (Duration, Leg, Bytes);

/// The UDP payloads of a little-endian pcap file with Ethernet frames, VLAN tags or not.
fn pcap(case: &str) -> Option<Vec<Arrival>> {
    let bytes = fs::read(media(&format!("rtp/{case}.pcap"))?).unwrap();
    assert_eq!(bytes[..4], [0xD4, 0xC3, 0xB2, 0xA1]);
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut all) = (24, Vec::new());
    while at < bytes.len() {
        let time = Duration::new(word(at).into(), word(at + 4) * 1000);
        let frame = &bytes[at + 16..][..word(at + 8) as usize];
        at += 16 + frame.len();
        let mut ip = 12;
        while frame[ip..ip + 2] == [0x81, 0x00] {
            ip += 4;
        }
        ip += 2;
        let udp = ip + usize::from(frame[ip] & 0x0F) * 4;
        let len = usize::from(u16::from_be_bytes([frame[udp + 4], frame[udp + 5]]));
        all.push((time, Leg::First, Bytes::copy_from_slice(&frame[udp + 8..udp + len])));
    }
    let first = all[0].0;
    all.iter_mut().for_each(|(time, ..)| *time = time.saturating_sub(first));
    Some(all)
}

fn receive(sent: impl IntoIterator<Item = Arrival>) -> (Vec<Demuxed>, Reception) {
    let (mut demuxer, mut all) = (DatagramDemuxer::new(RtpConfig::default()), Vec::new());
    for (at, leg, bytes) in sent {
        let now = Now::new(at, Utc::UNIX_EPOCH);
        if demuxer.poll_timeout().is_some_and(|deadline| deadline <= at) {
            demuxer.handle_timeout(now);
        }
        demuxer.push_on(leg, bytes, now).unwrap();
        all.extend(std::iter::from_fn(|| demuxer.pull()));
    }
    demuxer.finish();
    all.extend(std::iter::from_fn(|| demuxer.pull()));
    (all, demuxer.reception().unwrap())
}

/// What is to come out: the transport stream of all payloads.
fn expected() -> Option<Vec<Demuxed>> {
    let bytes = fs::read(media("rtp/g_rtp_ts_clean_seqwrap.expected.ts")?).unwrap();
    let (mut demuxer, mut all) = (TsDemuxer::new(TsConfig::default()), Vec::new());
    demuxer.push(bytes.into(), Now::new(Duration::ZERO, Utc::UNIX_EPOCH)).unwrap();
    all.extend(std::iter::from_fn(|| demuxer.pull()));
    demuxer.finish();
    all.extend(std::iter::from_fn(|| demuxer.pull()));
    Some(all)
}

fn faults(found: &[Demuxed]) -> Vec<&Fault> {
    let all = found.iter().filter_map(|item| match item {
        Demuxed::Fault(fault) => Some(fault),
        _ => None,
    });
    all.collect()
}

fn without_faults(found: &[Demuxed]) -> Vec<&Demuxed> {
    found.iter().filter(|item| !matches!(item, Demuxed::Fault(_))).collect()
}

fn lost(found: &[Demuxed]) -> u64 {
    let all = faults(found).into_iter().filter_map(|fault| match fault {
        Fault::Loss { lost, stream: None } => Some(*lost),
        _ => None,
    });
    all.sum()
}

fn sequence(datagram: &[u8]) -> u16 {
    u16::from_be_bytes([datagram[2], datagram[3]])
}

#[test]
fn every_capture_gives_the_answer_of_its_catalogue_and_its_counts() {
    let Some(expected) = expected() else { return };
    let tally = |received, lost, repeated| LegTally { received, lost, repeated };
    let cases = [
        ("clean_seqwrap", tally(234, 0, 0)),
        ("reorder_dup", tally(234, 0, 15)),
        ("csrc_ext_padding", tally(234, 0, 0)),
        ("loss", tally(227, 7, 0)),
        ("ssrc_change_gap1500ms", tally(234, 0, 0)),
    ];
    for (case, on_leg) in cases {
        let (found, reception) = receive(pcap(&format!("g_rtp_ts_{case}")).unwrap());
        assert_eq!(reception.legs, [on_leg, LegTally::default()], "{case}");
        assert_eq!(lost(&found), on_leg.lost, "{case}");
        let is_changed = faults(&found).contains(&&Fault::SourceChanged);
        assert_eq!(is_changed, case == "ssrc_change_gap1500ms", "{case}");
        assert!(case == "loss" || without_faults(&found) == without_faults(&expected), "{case}");
    }
}

#[test]
fn a_capture_of_two_legs_has_no_loss_and_each_leg_has_its_own() {
    let Some(expected) = expected() else { return };
    // The legs came on one port: of each sequence number the first to come is of the first leg, unless it lost that one.
    let mut legs = pcap("g_rtp_ts_2022-7_merged_legs").unwrap();
    let mut seen = BTreeSet::new();
    let start = sequence(&legs[0].2);
    let mut newest = 0;
    for (_, leg, datagram) in &mut legs {
        let ahead = sequence(datagram).wrapping_sub(start);
        if !seen.insert(ahead) || ahead < newest {
            *leg = Leg::Second;
        }
        newest = newest.max(ahead);
    }
    let (found, reception) = receive(legs.clone());
    assert!(found == expected);
    let [first, second] = reception.legs;
    assert_eq!((first.received + first.lost, first.repeated), (234, 0));
    assert!(first.lost > 20 && second.lost > 20, "{reception:?}");
    assert_eq!((first.received + second.received) as usize, legs.len());
}

#[test]
fn row_24_two_legs_of_a_capture_up_to_450_ms_apart_and_one_dies() {
    let (Some(expected), Some(clean)) = (expected(), pcap("g_rtp_ts_clean_seqwrap")) else { return };
    for skew in [0, 12, 200, 450] {
        for is_first_late in [true, false] {
            let skew = Duration::from_millis(skew);
            let late = |leg: Leg| if (leg == Leg::First) == is_first_late { skew } else { Duration::ZERO };
            let leg = |leg: Leg, skipped: usize| {
                let all = clean.iter().enumerate().filter(move |(n, _)| *n < 5 || n % 7 != skipped);
                all.map(move |(_, (at, _, datagram))| (*at + late(leg), leg, datagram.clone()))
            };
            // The first one dies in the middle.
            let mut both: Vec<Arrival> = leg(Leg::First, 3).take(90).chain(leg(Leg::Second, 9)).collect();
            both.sort_by_key(|(at, ..)| *at);
            let (found, reception) = receive(both);
            assert!(found == expected, "{skew:?} {is_first_late} {:?}", faults(&found));
            assert_eq!(
                (reception.legs[0].received, reception.legs[1]),
                (90, LegTally { received: 234, lost: 0, repeated: 0 })
            );
        }
    }
}

#[test]
fn fec_beside_a_capture_repairs_what_it_lost() {
    let (Some(expected), Some(clean)) = (expected(), pcap("g_rtp_ts_clean_seqwrap")) else { return };
    let datagrams: Vec<Bytes> = clean.iter().map(|(.., datagram)| datagram.clone()).collect();
    let columns = Matrix { has_rows: false, ..Matrix::both(5, 4) };
    for matrix in [Matrix::both(5, 4), Matrix::both(5, 5), columns] {
        // A burst as long as a row, and single ones.
        let missing: BTreeSet<usize> = (66..71).chain([103, 125, 149, 187]).collect();
        assert_eq!(matrix.unrepairable(datagrams.len(), &missing), BTreeSet::new());
        let mut fec = matrix.protect(&datagrams).into_iter().peekable();
        let mut sent = Vec::new();
        for (index, arrival) in clean.iter().enumerate() {
            sent.extend((!missing.contains(&index)).then(|| arrival.clone()));
            while let Some((_, packet)) = fec.next_if(|(after, _)| *after <= index) {
                sent.push((arrival.0, Leg::First, packet.into()));
            }
        }
        let (found, reception) = receive(sent);
        assert_eq!((lost(&found), reception.fec.repaired), (0, missing.len() as u64), "{matrix:?}");
        assert!(without_faults(&found) == without_faults(&expected), "{matrix:?}");
        assert_eq!(reception.legs[0].lost, missing.len() as u64, "{matrix:?}");
    }
}

#[test]
fn a_capture_with_vlan_tags_is_read() {
    let Some(all) = pcap("tsduck-test-162") else { return };
    let count = all.len() as u64;
    let (_, reception) = receive(all);
    assert_eq!(reception.legs[0], LegTally { received: count, lost: 0, repeated: 0 });
}
