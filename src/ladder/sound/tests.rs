use super::*;

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
    for rate in [8_000, 22_050, 24_000, 32_000, 48_000, 96_000] {
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
    for (rate, channels) in [(0, 2), (44_101, 2), (48_000, 0), (48_000, 9), (u32::MAX, 2)] {
        let samples = Samples { pts: MediaTime::ZERO, sample_rate: rate, channels, data: vec![1; 64] };
        assert!(SoundNormaliser::new(OUT).push(samples).is_empty());
    }
    let odd = Samples { pts: MediaTime::ZERO, sample_rate: 44_100, channels: 2, data: vec![1; 7] };
    assert_eq!(SoundNormaliser::new(OUT).push(odd).len(), 3);
}
