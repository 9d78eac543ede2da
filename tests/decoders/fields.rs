//! H.264 in field pictures and in frames by turns (PAFF; A6.6, A12.6), and what `pic_struct` says of them. No encoder at hand
//! makes such a stream, so that it is written here, in macroblocks of plain samples: what comes out is known to the byte.

use headend::{
    ladder::{BuiltinCodecs, Codecs},
    media::{AccessUnit, Frame, H264Config, NalFraming, Scan, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    bits::BitWriter,
    clip::{mutated, random},
};

const SIZE: (usize, usize) = (48, 64);
const MACROBLOCKS: u32 = (SIZE.0 / 16 * SIZE.1 / 16) as u32;

/// How a picture is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Frame,
    /// Two fields, the top one first.
    TopFirst,
    BottomFirst,
    /// As `TopFirst`, and the bottom field is that of the picture before.
    TopAlone,
}

/// A picture: how it is coded, and the `pic_struct` of its picture timing messages, one for each picture of its unit.
type Shape<'a> = (Coding, &'a [u32]);

fn sample(n: usize, x: usize, y: usize) -> u8 {
    (16 + (n * 29 + y * 7 + x * 3) % 200) as u8
}

/// A coded video sequence of these pictures, 25 frames a second; each is one access unit, or one for each field.
fn stream(shapes: &[Shape<'_>], is_split: bool) -> Vec<AccessUnit> {
    let mut units: Vec<AccessUnit> = Vec::new();
    for (n, (coding, structs)) in shapes.iter().enumerate() {
        let mut pieces = Vec::new();
        for (half, is_bottom) in halves(*coding).iter().enumerate() {
            let mut nals = Vec::new();
            if n == 0 && half == 0 {
                nals.extend([sps(!structs.is_empty()), pps()]);
            }
            nals.extend(structs.get(half).map(|pic_struct| timing(*pic_struct)));
            nals.push(slice(n, *coding, *is_bottom, half == 1));
            pieces.push(nals.iter().flat_map(|nal| [&[0, 0, 0, 1], &nal[..]].concat()).collect::<Vec<u8>>());
        }
        if !is_split {
            pieces = vec![pieces.concat()];
        }
        for (half, data) in pieces.into_iter().enumerate() {
            let pts = MediaTime::from_ticks((2 * n + half) as i64 * 1800, Timescale::MPEG);
            let is_random_access = n == 0 && half == 0;
            let (track, duration, data) = (TrackId(0), MediaDuration::ZERO, data.into());
            units.push(AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged: false, data });
        }
    }
    units
}

/// The pictures of a frame: whether each is a bottom field, `None` for the whole.
fn halves(coding: Coding) -> &'static [Option<bool>] {
    match coding {
        Coding::Frame => &[None],
        Coding::TopFirst | Coding::TopAlone => &[Some(false), Some(true)],
        Coding::BottomFirst => &[Some(true), Some(false)],
    }
}

/// Main profile, frame_num and pic_order_cnt_lsb of 4 and 8 bits, fields allowed; a VUI with the rate, and `pic_struct` where
/// that is sent.
fn sps(has_timing: bool) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.all(&[(77, 8), (0, 8), (30, 8)]);
    for value in [0, 0, 0, 4, 2] {
        bits.unsigned(value);
    }
    bits.put(0, 1).unsigned(SIZE.0 as u32 / 16 - 1).unsigned(SIZE.1 as u32 / 32 - 1);
    // Fields but no MBAFF, direct_8x8_inference, no cropping; of the VUI the timing, pic_struct and the restriction.
    bits.all(&[(0, 1), (0, 1), (1, 1), (0, 1), (1, 1), (0, 4), (1, 1), (1, 32), (50, 32), (1, 1), (0, 2)]);
    bits.all(&[(has_timing.into(), 1), (1, 1), (1, 1)]);
    // Nothing is shown in another order than it is decoded.
    for value in [0, 0, 0, 0, 0, 2] {
        bits.unsigned(value);
    }
    bits.nal(0x67)
}

fn pps() -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.unsigned(0).unsigned(0).put(0, 2).unsigned(0).unsigned(0).unsigned(0).put(0, 3);
    // QP and chroma offsets of zero; the deblocking filter can be switched off.
    bits.unsigned(0).unsigned(0).unsigned(0).put(0b100, 3);
    bits.nal(0x68)
}

/// A picture timing message (clause D.1.3) without delays and clock time stamps.
fn timing(pic_struct: u32) -> Vec<u8> {
    let clocks = [1, 1, 1, 2, 2, 3, 3, 2, 3][pic_struct as usize];
    let mut bits = BitWriter::default();
    bits.all(&[(1, 8), (1, 8), (pic_struct, 4), (0, clocks), (1, 1)]).align();
    bits.nal(0x06)
}

/// One slice that is the whole picture, of plain samples (`I_PCM`) or of nothing but skipped macroblocks.
fn slice(n: usize, coding: Coding, is_bottom: Option<bool>, is_second: bool) -> Vec<u8> {
    let (is_idr, is_skipped) = (n == 0 && !is_second, coding == Coding::TopAlone && is_second);
    let mut bits = BitWriter::default();
    bits.unsigned(0).unsigned(if is_skipped { 5 } else { 7 }).unsigned(0).put(n as u32 % 16, 4);
    match is_bottom {
        Some(is_bottom) => bits.put(1, 1).put(is_bottom.into(), 1),
        None => bits.put(0, 1),
    };
    if is_idr {
        bits.unsigned(0);
    }
    bits.put((2 * n + usize::from(is_second)) as u32 % 256, 8);
    if is_skipped {
        bits.put(0, 2);
    }
    // dec_ref_pic_marking; then no change of QP, and no deblocking.
    bits.put(0, if is_idr { 2 } else { 1 }).unsigned(0).unsigned(1);
    if is_skipped {
        bits.unsigned(MACROBLOCKS / 2);
    } else {
        plain(n, is_bottom, &mut bits);
    }
    bits.nal(if is_idr { 0x65 } else { 0x61 })
}

fn plain(n: usize, is_bottom: Option<bool>, bits: &mut BitWriter) {
    let (step, first) = is_bottom.map_or((1, 0), |is_bottom| (2, usize::from(is_bottom)));
    for row in 0..SIZE.1 / step / 16 {
        for column in 0..SIZE.0 / 16 {
            bits.unsigned(25).align();
            for (side, by) in [(16, 1), (8, 2), (8, 2)] {
                for at in 0..side * side {
                    let (x, y) = (column * side + at % side, (row * side + at / side) * step + first);
                    bits.put(sample(n, x * by, y * by).into(), 8);
                }
            }
        }
    }
}

fn decode(units: &[AccessUnit]) -> Vec<Frame> {
    let mut track = VideoTrack::new(SIZE.0 as u32, SIZE.1 as u32);
    track.is_interlaced = true;
    let config = H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() };
    let mut decoder = BuiltinCodecs::new().video_decoder(&TrackFormat::H264(track, config)).unwrap();
    let mut frames = Vec::new();
    units.iter().for_each(|unit| decoder.decode(unit, &mut frames).unwrap());
    decoder.flush(&mut frames).unwrap();
    frames
}

/// Every frame is there, at its own time, and what was written.
fn assert_frames(shapes: &[Shape<'_>], frames: &[Frame], what: &str) {
    assert_eq!(frames.len(), shapes.len(), "{what}");
    for (n, (frame, (coding, _))) in frames.iter().zip(shapes).enumerate() {
        assert_eq!(frame.pts, MediaTime::from_ticks(n as i64 * 3600, Timescale::MPEG), "{what}, frame {n}");
        for (plane, by) in [(frame.y(), 1), (frame.u(), 2), (frame.v(), 2)] {
            let width = SIZE.0 / by;
            for (at, value) in plane.data.iter().enumerate() {
                let (x, y) = (at % width, at / width);
                let of = if *coding == Coding::TopAlone && y % 2 == 1 { n - 1 } else { n };
                assert_eq!(*value, sample(of, x * by, y * by), "{what}, frame {n}, {x} {y}");
            }
        }
    }
}

#[test]
fn field_pairs_and_frames_by_turns_come_out_whole_as_one_unit_or_two_a6_6() {
    use Coding::{BottomFirst, Frame, TopAlone, TopFirst};
    let top = [TopFirst, TopAlone, Frame, TopFirst, Frame, Frame, TopAlone, TopFirst];
    let bottom = [BottomFirst, Frame, BottomFirst, BottomFirst];
    for (codings, scan) in [(&top[..], Scan::TopFirst), (&bottom[..], Scan::BottomFirst)] {
        let shapes: Vec<Shape<'_>> = codings.iter().map(|coding| (*coding, &[][..])).collect();
        for is_split in [false, true] {
            let frames = decode(&stream(&shapes, is_split));
            let what = format!("{scan:?}, a unit for each field: {is_split}");
            assert_frames(&shapes, &frames, &what);
            for (n, (frame, coding)) in frames.iter().zip(codings).enumerate() {
                // What an encoder of fields codes as a frame has no motion between its fields.
                let scan = if *coding == Frame { Scan::Progressive } else { scan };
                assert_eq!(frame.scan, scan, "{what}, frame {n}");
            }
        }
    }
}

/// Rec. ITU-T H.264 table D-1; libavcodec reads it, so that nothing here does.
#[test]
fn pic_struct_says_which_frames_are_interlaced_and_which_field_is_first_a12_6() {
    use Coding::{BottomFirst, Frame, TopFirst};
    use Scan::Progressive;
    let cases: [(&str, &[(Shape<'_>, Scan)]); 5] = [
        ("a frame", &[((Frame, &[0]), Progressive), ((Frame, &[0]), Progressive)]),
        (
            "interlaced frames between field pairs",
            &[
                ((TopFirst, &[1, 2]), Scan::TopFirst),
                ((Frame, &[3]), Scan::TopFirst),
                ((Frame, &[0]), Progressive),
                ((TopFirst, &[1, 2]), Scan::TopFirst),
            ],
        ),
        (
            "the same, bottom field first",
            &[((BottomFirst, &[2, 1]), Scan::BottomFirst), ((Frame, &[4]), Scan::BottomFirst)],
        ),
        // Two and three fields by turns.
        (
            "film in 3:2",
            &[
                ((Frame, &[5]), Progressive),
                ((Frame, &[4]), Progressive),
                ((Frame, &[6]), Progressive),
                ((Frame, &[3]), Progressive),
                ((Frame, &[5]), Progressive),
            ],
        ),
        ("doubled and tripled", &[((Frame, &[7]), Progressive), ((Frame, &[8]), Progressive)]),
    ];
    for (what, pictures) in cases {
        let (shapes, scans): (Vec<Shape<'_>>, Vec<Scan>) = pictures.iter().copied().unzip();
        let frames = decode(&stream(&shapes, false));
        assert_frames(&shapes, &frames, what);
        assert_eq!(frames.iter().map(|frame| frame.scan).collect::<Vec<_>>(), scans, "{what}");
    }
}

#[test]
fn hostile_fields_give_pictures_and_errors_only() {
    let shapes: [Shape<'_>; 4] = [
        (Coding::TopFirst, &[1, 2]),
        (Coding::TopAlone, &[1, 2]),
        (Coding::Frame, &[3]),
        (Coding::BottomFirst, &[2, 1]),
    ];
    let units = stream(&shapes, true);
    let mut track = VideoTrack::new(SIZE.0 as u32, SIZE.1 as u32);
    track.is_interlaced = true;
    let config = H264Config { framing: NalFraming::AnnexB, sps: Vec::new(), pps: Vec::new() };
    let mut decoder = BuiltinCodecs::new().video_decoder(&TrackFormat::H264(track, config)).unwrap();
    let (mut random, mut frames) = (random(3), Vec::new());
    for unit in units.iter().cycle().take(2000) {
        let data = if unit.is_random_access { unit.data.clone() } else { mutated(&unit.data, &mut random) };
        let _ = decoder.decode(&AccessUnit { data, ..unit.clone() }, &mut frames);
    }
    assert!(frames.len() > 100, "{}", frames.len());
    let _ = decoder.flush(&mut frames);
    frames.clear();
    units.iter().for_each(|unit| decoder.decode(unit, &mut frames).unwrap());
    decoder.flush(&mut frames).unwrap();
    assert_frames(&shapes, &frames, "after hostile ones");
}
