//! AC-3 of two single channels (A6.8): a programme on either side, each with its own gain. No encoder at hand makes such a
//! stream, so that it is written here: flat exponents give every bin 16 bits, whatever the masking curve is.

use headend::{
    ladder::{BuiltinCodecs, Codecs, SoundNormaliser},
    media::{AccessUnit, Samples},
    time::Timescale,
};

use crate::{
    bits::BitWriter,
    clip::{ffmpeg, keep, unit},
    sound::{ac3, pcm, snr},
};

/// Bytes of a syncframe of 512 kbit/s at 48 kHz.
const LEN: usize = 2048;
/// Bins that are coded: the least there are.
const BINS: usize = 73;

/// Coefficients of the two programmes, by block and bin, in parts of 32 768 of a quarter.
type Programmes<'a> = [&'a dyn Fn(usize, usize) -> i16; 2];

/// A syncframe (ATSC A/52 clause 5.3) with `dynrng` words of its own for each programme.
fn syncframe(programmes: Programmes<'_>, gains: [u32; 2]) -> AccessUnit {
    let mut bits = BitWriter::default();
    // Syncword, a checksum to come, 48 kHz, 512 kbit/s; bsid 8, bsmod 0, acmod 0, no low frequency channel.
    bits.all(&[(0x0B77, 16), (0, 16), (0, 2), (32, 6), (8, 5), (0, 3), (0, 3), (0, 1)]);
    // For each programme dialnorm, and no compr, langcod and audprodi; then copyright, original and no more.
    bits.all(&[(27, 5), (0, 3), (27, 5), (0, 3), (0, 2), (0, 3)]);
    for block in 0..6 {
        // No short blocks, no noise.
        bits.put(0, 4);
        for gain in gains {
            bits.put(u32::from(block == 0), 1).put(gain, if block == 0 { 8 } else { 0 });
        }
        let (is_first, strategy) = (u32::from(block == 0), u32::from(block == 0));
        // No coupling, exponents for each bin once.
        bits.put(is_first, 1).put(0, if block == 0 { 1 } else { 0 }).put(strategy, 2).put(strategy, 2);
        if block == 0 {
            bits.all(&[(0, 6), (0, 6)]);
            for _ in 0..2 {
                bits.put(2, 4);
                bits.all(&[(62, 7); (BINS - 1) / 3]);
                bits.put(0, 2);
            }
        }
        bits.put(is_first, 1);
        if block == 0 {
            bits.all(&[(0, 2), (0, 2), (3, 2), (0, 2), (7, 3)]);
        }
        bits.put(is_first, 1);
        if block == 0 {
            bits.all(&[(63, 6), (15, 4), (7, 3), (15, 4), (7, 3)]);
        }
        // No changes of the allocation, nothing skipped.
        bits.put(0, 2);
        for programme in programmes {
            for bin in 0..BINS {
                bits.put(u32::from(programme(block, bin).cast_unsigned()), 16);
            }
        }
    }
    let mut frame = bits.padded(LEN);
    let head = LEN * 5 / 8;
    // The first checksum stands before what it is of: the one that leaves nothing.
    let first = (0..=u16::MAX).find(|first| {
        let state = checksum(&first.to_be_bytes(), 0);
        checksum(&frame[4..head], state) == 0
    });
    frame[2..4].copy_from_slice(&first.unwrap().to_be_bytes());
    let end = checksum(&frame[2..LEN - 2], 0);
    frame[LEN - 2..].copy_from_slice(&end.to_be_bytes());
    unit(&frame)
}

fn checksum(data: &[u8], start: u16) -> u16 {
    data.iter().fold(start, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| sum << 1 ^ if sum >> 15 == 1 { 0x8005 } else { 0 })
    })
}

/// Something with a spectrum that moves, another one for each programme.
fn voice(seed: usize) -> impl Fn(usize, usize) -> i16 {
    move |block, bin| {
        let near = bin.abs_diff(9 * seed + 2 * block);
        let level = 12_000 / (1 + near * near) as i32;
        (if (block * 7 + bin * seed).is_multiple_of(3) { -level } else { level }) as i16
    }
}

fn decode(units: &[AccessUnit]) -> Samples {
    let mut decoder = BuiltinCodecs::new().audio_decoder(&ac3()).unwrap();
    let mut all = units.iter().map(|unit| decoder.decode(unit).unwrap());
    let first = all.next().unwrap();
    all.fold(first, |mut first, more| {
        assert_eq!((more.sample_rate, more.channels), (48_000, 2));
        first.data.extend(more.data);
        first
    })
}

/// The values of one side.
fn side(samples: &Samples, side: usize) -> Vec<i16> {
    samples.data.chunks_exact(2).map(|instant| instant[side]).collect()
}

#[test]
fn two_single_programmes_are_left_and_right_and_as_ffmpeg_hears_them_a6_8() {
    let (first, second) = (voice(1), voice(3));
    let units: Vec<AccessUnit> = (0..8).map(|_| syncframe([&first, &second], [0, 0])).collect();
    let ours = decode(&units);
    assert_eq!((ours.channels, ours.data.len()), (2, 8 * 1536 * 2));
    let stream: Vec<u8> = units.iter().flat_map(|unit| unit.data.to_vec()).collect();
    let Some(theirs) = ffmpeg(&["-i", &keep("dual-mono.ac3", &stream), "-f", "s16le"]) else { return };
    let theirs = pcm(&theirs);
    let apart = snr(&ours.data, &theirs);
    println!("1+1: {apart:.1} dB");
    assert_eq!(ours.data.len(), theirs.len());
    assert!(apart > 60.0, "{apart:.1} dB");
}

#[test]
fn neither_programme_is_heard_on_the_other_side_and_each_has_its_own_gain_a6_8() {
    let (sound, silence) = (voice(2), |_: usize, _: usize| 0);
    let units = |programmes: Programmes<'_>, gains| -> Vec<AccessUnit> {
        (0..4).map(|_| syncframe(programmes, gains)).collect()
    };
    let left = decode(&units([&sound, &silence], [0, 0]));
    let right = decode(&units([&silence, &sound], [0, 0]));
    assert!(side(&left, 0).iter().any(|value| value.abs() > 1000));
    assert!(side(&left, 1).iter().chain(&side(&right, 0)).all(|value| *value == 0));
    assert_eq!(side(&left, 0), side(&right, 1));
    // 2^1 and 2^-1.
    let both = decode(&units([&sound, &sound], [0x20, 0xE0]));
    let (loud, soft) = (side(&both, 0), side(&both, 1));
    assert!(loud.iter().zip(&soft).all(|(loud, soft)| (loud - 4 * soft).abs() <= 4));
    assert!(loud.iter().zip(side(&left, 0)).all(|(loud, plain)| (loud - 2 * plain).abs() <= 2));
    // And so into the channel's sound: two channels are not mixed.
    let mixed = SoundNormaliser::new(Timescale::new(48_000).unwrap()).push(left.clone());
    assert_eq!((mixed.channels, &mixed.data), (2, &left.data));
}
