use super::*;
use crate::ladder::resample::reduced;

const OUT: Timescale = match Timescale::new(44_100) {
    Some(rate) => rate,
    None => panic!("44 100 is not zero"),
};

/// Interleaved sound of one value per channel for each instant.
fn sound(pts: MediaTime, sample_rate: u32, channels: u8, len: usize, value: impl Fn(usize, u8) -> f64) -> Samples {
    let data = (0..len).flat_map(|n| (0..channels).map(move |channel| (n, channel)));
    let data = data.map(|(n, channel)| value(n, channel).round() as i16).collect();
    Samples { pts, sample_rate, channels, data }
}

fn tone(hertz: f64, rate: f64) -> impl Fn(usize) -> f64 {
    move |n| (n as f64 * hertz / rate * std::f64::consts::TAU).sin() * 20_000.0
}

#[test]
fn right_sound_passes_untouched() {
    let mut normaliser = SoundNormaliser::new(OUT);
    let source =
        sound(MediaTime::from_flicks(99), 44_100, 2, 1024, |n, channel| n as f64 + f64::from(channel) * 3000.0);
    assert_eq!(normaliser.push(source.clone()), source);
    let next = normaliser.push(source.clone());
    assert_eq!(next.pts, source.pts.plus(MediaDuration::from_ticks(1024, OUT)));
}

#[test]
fn a_tone_keeps_its_place_pitch_and_loudness_at_every_rate() {
    // The last two have no measure with 44 100 that is of use.
    for rate in [8_000, 22_050, 24_000, 32_000, 48_000, 96_000, 47_952, 44_056] {
        let mut normaliser = SoundNormaliser::new(OUT);
        let wave = tone(1000.0, f64::from(rate));
        let wanted = tone(1000.0, 44_100.0);
        let mut at = 0;
        let (mut error, mut power) = (0.0, 0.0);
        for block in 0..40 {
            let pts = MediaTime::from_flicks(1);
            let out = normaliser.push(sound(pts, rate, 2, 1024, |n, _| wave(n + block * 1024)));
            for pair in out.data.chunks(2) {
                assert_eq!(pair[0], pair[1]);
                if at > 500 {
                    error += (f64::from(pair[0]) - wanted(at)).powi(2);
                    power += wanted(at).powi(2);
                }
                at += 1;
            }
        }
        let ratio = 10.0 * (power / error).log10();
        assert!(ratio > 65.0, "{rate}: signal to error {ratio:.1} dB");
    }
}

#[test]
fn what_is_above_the_new_band_is_gone() {
    let mut normaliser = SoundNormaliser::new(OUT);
    let wave = tone(23_000.0, 48_000.0);
    let out = normaliser.push(sound(MediaTime::ZERO, 48_000, 2, 48_000, |n, _| wave(n)));
    let loudest = out.data.iter().skip(2000).map(|sample| sample.unsigned_abs()).max().unwrap();
    assert!(loudest < 40, "{loudest}");
}

#[test]
fn an_hour_of_sound_ends_where_it_should() {
    let mut normaliser = SoundNormaliser::new(OUT);
    let start = MediaTime::from_flicks(12_345);
    let hour = 48_000 * 3600 / 1024;
    let silence = vec![0i16; 1024];
    let mut end = start;
    let rate = Timescale::new(48_000).unwrap();
    for block in 0..hour {
        // Time stamps in milliseconds, as RTMP rounds them, do not move what comes out.
        let pts =
            start.plus(MediaDuration::from_millis(MediaDuration::from_ticks(block * 1024, rate).flicks() / 705_600));
        let mut data = silence.clone();
        if block == hour - 1 {
            data[512..].fill(10_000);
        }
        let out = normaliser.push(Samples { pts, sample_rate: 48_000, channels: 1, data });
        assert_eq!(out.pts, end, "continuous");
        if let Some(edge) = out.data.iter().step_by(2).position(|sample| *sample > 5000) {
            // The step is at this place in the source; half its height is there in the output too.
            let wanted = start.plus(MediaDuration::from_ticks(block * 1024 + 512, rate));
            let found = out.pts.plus(MediaDuration::from_ticks(edge as i64, OUT));
            let error = found.since(wanted).flicks();
            assert!((-16_000..=16_000).contains(&error), "{error} flicks, a sample is 16 000");
            assert_eq!(block, hour - 1);
        }
        end = out.pts.plus(MediaDuration::from_ticks(out.len() as i64, OUT));
    }
    let source_end = start.plus(MediaDuration::from_ticks(hour * 1024, rate));
    assert!(source_end.since(end).flicks() < 16_000 * 44, "no more than a millisecond is held back");
    assert_eq!(normaliser.next_pts(), Some(end));
}

#[test]
fn however_it_is_cut_the_output_is_the_same() {
    let wave = tone(440.0, 48_000.0);
    let run = |cut: usize| -> Vec<i16> {
        let mut normaliser = SoundNormaliser::new(OUT);
        (0..9600 / cut)
            .flat_map(|block| {
                normaliser.push(sound(MediaTime::ZERO, 48_000, 1, cut, |n, _| wave(n + block * cut))).data
            })
            .collect()
    };
    let whole = run(9600);
    assert_eq!(run(1), whole);
    assert_eq!(run(960), whole);
}

#[test]
fn a_restart_takes_the_time_of_the_next_samples() {
    let mut normaliser = SoundNormaliser::new(OUT);
    let block = |pts| sound(pts, 48_000, 2, 1024, |_, _| 1000.0);
    normaliser.push(block(MediaTime::ZERO));
    normaliser.restart();
    assert_eq!(normaliser.next_pts(), None);
    let later = MediaTime::from_flicks(1 << 40);
    assert_eq!(normaliser.push(block(later)).pts, later);
    // So does a change of rate or of channels, which nobody need announce.
    let mono = sound(MediaTime::from_flicks(5), 22_050, 1, 1024, |_, _| 1000.0);
    assert_eq!(normaliser.push(mono).pts.flicks(), 5);
}

#[test]
fn channels_are_mixed_down_without_clipping() {
    for channels in 1..=8 {
        let mut normaliser = SoundNormaliser::new(OUT);
        let loud = normaliser.push(sound(MediaTime::ZERO, 44_100, channels, 64, |_, _| 32_767.0));
        assert!(loud.data.iter().all(|sample| *sample >= 32_760 || channels > 5), "{channels}: {:?}", &loud.data[..2]);
        for channel in 0..channels {
            let one = |_, c| if c == channel { 10_000.0 } else { 0.0 };
            let out = SoundNormaliser::new(OUT).push(sound(MediaTime::ZERO, 44_100, channels, 64, one));
            let (left, right) = (out.data[0], out.data[1]);
            match (channels, channel) {
                (1, 0) => assert_eq!((left, right), (10_000, 10_000)),
                (2.., 0) => assert!(left > 3000 && right == 0),
                (2.., 1) => assert!(right > 3000 && left == 0),
                (3.., 2) => assert!(left == right && left > 2000),
                (6.., 3) => assert_eq!((left, right), (0, 0)),
                (5, 3) | (6, 4) => assert!(left > 2000 && right == 0),
                _ => {}
            }
        }
    }
}

#[test]
fn nonsense_is_taken_as_nothing() {
    for (rate, channels) in [(0, 2), (7_349, 2), (48_000, 0), (48_000, 9), (u32::MAX, 2)] {
        let samples = Samples { pts: MediaTime::ZERO, sample_rate: rate, channels, data: vec![1; 64] };
        assert!(SoundNormaliser::new(OUT).push(samples).is_empty());
    }
    let odd = Samples { pts: MediaTime::ZERO, sample_rate: 44_100, channels: 2, data: vec![1; 7] };
    assert_eq!(SoundNormaliser::new(OUT).push(odd).len(), 3);
}

#[test]
fn the_mix_is_that_of_bs775_for_every_layout_a12_15() {
    const S: f64 = std::f64::consts::FRAC_1_SQRT_2;
    // What each channel adds to left and right before both are scaled to their sum.
    let (left, right, both, none) = ((1.0, 0.0), (0.0, 1.0), (S, S), (0.0, 0.0));
    // Clause 7.8.2 of A/52: 3 dB less to each side than a surround of its own has.
    let behind = (S * S, S * S);
    let (side_left, side_right) = ((S, 0.0), (0.0, S));
    let layouts: [&[(f64, f64)]; 8] = [
        &[(1.0, 1.0)],
        &[left, right],
        &[left, right, both],
        &[left, right, both, behind],
        &[left, right, both, side_left, side_right],
        &[left, right, both, none, side_left, side_right],
        &[left, right, both, none, behind, side_left, side_right],
        &[left, right, both, none, side_left, side_right, side_left, side_right],
    ];
    for layout in layouts {
        let sum: f64 = layout.iter().map(|part| part.0).sum();
        for (n, (to_left, to_right)) in layout.iter().enumerate() {
            let one = |_, channel| if usize::from(channel) == n { 20_000.0 } else { 0.0 };
            let out = SoundNormaliser::new(OUT).push(sound(MediaTime::ZERO, 44_100, layout.len() as u8, 8, one));
            for (made, part) in out.data.iter().zip([to_left, to_right]) {
                let wanted = 20_000.0 * part / sum;
                assert!((f64::from(*made) - wanted).abs() <= 1.5, "{} channels, {n}: {made} {wanted}", layout.len());
            }
        }
    }
}

#[test]
fn no_rate_drifts_in_a_day() {
    const DAY: i64 = 86_400;
    for rate in [22_050, 24_000, 32_000, 48_000, 96_000, 47_952] {
        let (step, phases) = reduced(rate, 44_100);
        let mut normaliser = SoundNormaliser::new(OUT);
        let start = MediaTime::from_flicks(77);
        let block = |normaliser: &mut SoundNormaliser| {
            normaliser.push(Samples { pts: start, sample_rate: rate, channels: 1, data: vec![0; 20 * step] }).len()
        };
        // Once the window is full, as many samples come out for a whole number of phases as there are phases: exactly.
        let first: usize = (0..10).map(|_| block(&mut normaliser)).sum();
        assert!(first > 9 * 20 * phases - 100);
        assert!((0..100).all(|_| block(&mut normaliser) == 20 * phases), "{rate}");
        // So a day of source samples is a day of output samples, and a day on the clock, to the flick.
        assert_eq!(DAY * i64::from(rate) / step as i64 * phases as i64, DAY * 44_100);
        let before = normaliser.next_pts().unwrap();
        normaliser.given += DAY * 44_100;
        assert_eq!(normaliser.next_pts().unwrap().since(before), MediaDuration::from_secs(DAY));
        assert_eq!(
            MediaDuration::from_ticks(DAY * i64::from(rate), Timescale::new(rate).unwrap()).flicks(),
            DAY * 705_600_000
        );
    }
}
