//! A stored `moof` with the `uuid` boxes that Smooth Streaming's clients read (MS-SSTR clauses 2.2.4.4 and 2.2.4.5).

use bytes::Bytes;

use super::{
    BoxWriter,
    live_uuid::{FragmentTime, TFRF, TFXD},
    reader::{BoxRef, Boxes, check, invalid, truncated},
};
use crate::error::ParseError;

/// The same box, of one track, with `tfxd` and the times of those that follow, `tfrf`, at the end of its `traf`. `moof` is the
/// whole box, and `mdat` stands right behind it.
///
/// `tfdt` is left out, as MS-SSTR knows none: clients put one in by the manifest's time, which they may count from elsewhere. Where
/// there is one they keep it, and then dash.js plays nothing of a program that is over.
pub(crate) fn timed_moof(moof: &[u8], time: FragmentTime, ahead: &[FragmentTime]) -> Result<Bytes, ParseError> {
    check(moof)?;
    let found = Boxes::new(moof, 0).next().ok_or_else(|| truncated("moof", 0))??;
    let mut trafs = found.children().filter_map(Result::ok).filter(|child| &child.kind == b"traf");
    let traf = trafs.next().ok_or_else(|| truncated("traf", 0))?;
    if trafs.next().is_some() || end(&traf) != moof.len() {
        return Err(invalid("traf boxes", 2, traf.offset));
    }
    let mut children = traf.children().filter_map(Result::ok);
    let tfdt = children.find(|child| &child.kind == b"tfdt");
    let left_out = tfdt.map_or(0..0, |tfdt| usize::try_from(tfdt.offset).unwrap_or(usize::MAX)..end(&tfdt));
    let mut w = BoxWriter::with_capacity(moof.len().saturating_add(160));
    w.raw(moof.get(..left_out.start).unwrap_or_default());
    w.raw(moof.get(left_out.end..).unwrap_or_default());
    tfxd(&mut w, time);
    tfrf(&mut w, ahead);
    let grown = |word: u32| {
        let long = u32::try_from(w.position()).unwrap_or(u32::MAX);
        let was = u32::try_from(moof.len()).unwrap_or(u32::MAX);
        word.saturating_add(long).saturating_sub(was)
    };
    let mut patches = vec![word(moof, found.offset, 0)?, word(moof, traf.offset, 0)?];
    for trun in traf.children().filter_map(Result::ok).filter(|child| &child.kind == b"trun") {
        let (_, flags, _) = trun.full()?;
        if flags & DATA_OFFSET == 0 {
            return Err(invalid("trun flags", flags.into(), trun.offset));
        }
        // Header, version and flags, sample_count.
        patches.push(word(moof, trun.offset, 16)?);
    }
    let patches: Vec<(usize, u32)> = patches.into_iter().map(|(at, value)| (at, grown(value))).collect();
    for (at, value) in patches {
        let moved = if at >= left_out.end { left_out.len() } else { 0 };
        w.patch_u32(at.saturating_sub(moved), value);
    }
    Ok(w.into_bytes())
}

fn tfxd(w: &mut BoxWriter, FragmentTime { time, duration, .. }: FragmentTime) {
    w.boxed(b"uuid", |w| {
        w.raw(&TFXD);
        w.u32(VERSION_1);
        w.u64(time.cast_unsigned());
        w.u64(duration);
    });
}

fn tfrf(w: &mut BoxWriter, ahead: &[FragmentTime]) {
    if ahead.is_empty() {
        return;
    }
    w.boxed(b"uuid", |w| {
        w.raw(&TFRF);
        w.u32(VERSION_1);
        w.u8(u8::try_from(ahead.len()).unwrap_or(u8::MAX));
        for FragmentTime { time, duration, .. } in ahead.iter().take(usize::from(u8::MAX)) {
            w.u64(time.cast_unsigned());
            w.u64(*duration);
        }
    });
}

/// Where the number of 32 bits stands that is `behind` bytes from this box's start, and the number.
fn word(moof: &[u8], offset: u64, behind: usize) -> Result<(usize, u32), ParseError> {
    let cut = || truncated("moof", offset);
    let at = usize::try_from(offset).map_err(|_| cut())?.saturating_add(behind);
    let (word, _) = moof.get(at..).and_then(|rest| rest.split_first_chunk::<4>()).ok_or_else(cut)?;
    Ok((at, u32::from_be_bytes(*word)))
}

/// Where a box ends whose header has 8 bytes.
fn end(found: &BoxRef<'_>) -> usize {
    usize::try_from(found.offset).unwrap_or(usize::MAX).saturating_add(8).saturating_add(found.payload.len())
}

/// Version 1: 64 bits for each time.
const VERSION_1: u32 = 1 << 24;
/// `trun` has a data offset, right behind the sample count.
const DATA_OFFSET: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{FrameRate, TrackFormat, TrackId, TrackSpec},
        wire::mp4::{ChunkPlace, Fragment, Sample, fragment_header, live_uuid},
    };

    const fn at(time: i64, duration: u64) -> FragmentTime {
        FragmentTime { time, duration, index: None }
    }

    fn stored() -> (Vec<u8>, Vec<u8>) {
        let sample = |size| Sample { duration: 3000, size, composition_offset: 0, is_sync: true };
        let format = TrackFormat::Unknown(String::from("any"));
        let track = TrackSpec::video(TrackId(0), "any", 1, format, FrameRate::FPS_30);
        let header = fragment_header(&track, 7, 180_000, &[sample(2), sample(3)], ChunkPlace::First(&[]));
        // Behind `styp`, and before the header of `mdat`.
        (header[24..header.len() - 8].to_vec(), [&header[header.len() - 8..], b"aabbb"].concat())
    }

    #[test]
    fn samples_stay_where_they_are_and_times_are_told() {
        let (moof, mdat) = stored();
        let timed = timed_moof(&moof, at(180_000, 6000), &[at(186_000, 6000), at(192_000, 3000)]).unwrap();
        assert_eq!(timed.len(), moof.len() - 20 + 44 + 29 + 32);
        let plain = Fragment::parse(&Bytes::from([moof, mdat.clone()].concat())).unwrap();
        let parsed = Fragment::parse(&Bytes::from([&timed[..], &mdat[..]].concat())).unwrap();
        assert_eq!((parsed.decode_time, plain.decode_time), (0, 180_000), "MS-SSTR has no tfdt");
        assert_eq!(parsed, Fragment { decode_time: 0, ..plain });
        let traf = Boxes::new(&timed, 0).next().unwrap().unwrap().children().nth(1).unwrap().unwrap();
        let uuids: Vec<_> = traf.children().map(Result::unwrap).filter(|found| &found.kind == b"uuid").collect();
        assert_eq!(live_uuid::tfxd(&uuids[0]).unwrap(), at(180_000, 6000));
        assert_eq!(uuids[1].payload[..21], [&TFRF[..], &[1, 0, 0, 0, 2]].concat());
        assert_eq!(uuids[1].payload[21..29], 186_000u64.to_be_bytes());
        assert_eq!(uuids[1].payload[45..], 3000u64.to_be_bytes());
    }

    #[test]
    fn nothing_follows_the_last_one_and_hostile_bytes_are_errors() {
        let (moof, _) = stored();
        assert_eq!(timed_moof(&moof, at(0, 1), &[]).unwrap().len(), moof.len() - 20 + 44);
        for len in 0..moof.len() {
            assert!(timed_moof(&moof[..len], at(0, 1), &[]).is_err(), "{len}");
        }
        let twice = [&moof[..], &moof[..]].concat();
        assert!(timed_moof(&twice, at(0, 1), &[]).is_err());
        for n in 0..moof.len() {
            let mut broken = moof.clone();
            broken[n] ^= 0x5A;
            let _ = timed_moof(&broken, at(0, 1), &[at(9, 9)]);
        }
    }
}
