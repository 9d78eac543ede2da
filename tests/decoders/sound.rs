//! Sound (A6.7 to A6.9): every channel in its place, at the full rate, and as FFmpeg has it.

use headend::{
    ladder::{AudioDecoder, BuiltinCodecs, Codecs},
    media::{AacConfig, Ac3Config, AccessUnit, AudioTrack, MpaConfig, TrackFormat},
};

use crate::clip::{cut, ffmpeg, keep, media, mutated, random};

/// Tones of a pitch for each channel, in the order of WAVE files.
const TONES: [u32; 8] = [300, 500, 700, 60, 1100, 1300, 1700, 1900];

fn aac(asc: &'static [u8]) -> TrackFormat {
    // Rate and channels are what the core says: the decoder is to find out by itself.
    TrackFormat::Aac(AudioTrack { sample_rate: 24_000, channels: 2 }, AacConfig { asc: asc.into() })
}

pub(crate) fn ac3() -> TrackFormat {
    let dac3 = vec![0x10, 0x3D, 0xE0].into();
    TrackFormat::Ac3(AudioTrack { sample_rate: 48_000, channels: 6 }, Ac3Config { dac3 })
}

fn mpa(layer: u8) -> TrackFormat {
    TrackFormat::Mpa(AudioTrack { sample_rate: 48_000, channels: 2 }, MpaConfig { layer, frame_samples: 1152 })
}

fn decoder(format: &TrackFormat) -> Box<dyn AudioDecoder> {
    BuiltinCodecs::new().audio_decoder(format).unwrap()
}

/// Cuts a stream of `kind` into access units.
fn units(kind: &str, stream: &[u8]) -> Vec<AccessUnit> {
    match kind {
        "adts" => cut(stream, 7, |head| {
            usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5)
        }),
        "ac3" => {
            const RATES: [usize; 19] =
                [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
            cut(stream, 0, |head| {
                let (rate, size) = (RATES[usize::from(head[4] & 63) / 2], usize::from(head[4] & 63));
                match head[4] >> 6 {
                    0 => rate * 4,
                    1 => 2 * (rate * 960 / 441 + size % 2),
                    _ => rate * 6,
                }
            })
        }
        "mp2" => {
            const RATES: [usize; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
            cut(stream, 0, |head| 144_000 * RATES[usize::from(head[2] >> 4)] / 48_000)
        }
        _ => {
            const RATES: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
            cut(stream, 0, |head| 144_000 * RATES[usize::from(head[2] >> 4)] / 48_000 + usize::from(head[2] >> 1 & 1))
        }
    }
}

struct Heard {
    sample_rate: u32,
    channels: u8,
    data: Vec<i16>,
    refused: usize,
}

/// Decodes `units`; rate and channels are those of the last.
fn hear(format: &TrackFormat, units: &[AccessUnit]) -> Heard {
    let mut decoder = decoder(format);
    let mut heard = Heard { sample_rate: 0, channels: 0, data: Vec::new(), refused: 0 };
    for unit in units {
        match decoder.decode(unit) {
            Ok(samples) => {
                (heard.sample_rate, heard.channels) = (samples.sample_rate, samples.channels);
                heard.data.extend(samples.data);
            }
            Err(_) => heard.refused += 1,
        }
    }
    heard
}

pub(crate) fn pcm(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// How far `ours` is from `theirs`, in dB; both start at the same sample.
pub(crate) fn snr(ours: &[i16], theirs: &[i16]) -> f64 {
    let pairs = || ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let signal: f64 = pairs().map(|(_, b)| b * b).sum();
    let error: f64 = pairs().map(|(a, b)| (a - b) * (a - b)).sum();
    10.0 * (signal / error.max(1.0)).log10()
}

/// Loudness of `tone` in one channel (Goertzel's measure), 1.0 for full scale.
fn level(heard: &Heard, channel: usize, tone: u32) -> f64 {
    let samples: Vec<f64> = heard
        .data
        .chunks_exact(heard.channels.into())
        .skip(12_000)
        .take(24_000)
        .map(|instant| f64::from(instant[channel]) / 32_768.0)
        .collect();
    let step = std::f64::consts::TAU * f64::from(tone) / f64::from(heard.sample_rate);
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        re += sample * (step * n as f64).cos();
        im += sample * (step * n as f64).sin();
    }
    2.0 * re.hypot(im) / samples.len() as f64
}

/// A stream of `channels` tones by one of ffmpeg's encoders.
fn tones(layout: &str, places: &[usize], encoder: &[&str]) -> Option<Vec<u8>> {
    let tone = |place: &usize| format!("0.3*sin(2*PI*{}*t)", TONES[*place]);
    let all: Vec<String> = places.iter().map(tone).collect();
    let source = format!("aevalsrc={}:c={layout}:s=48000:d=2", all.join("|"));
    ffmpeg(&[&["-f", "lavfi", "-i", &source], encoder].concat())
}

/// Music-like stereo: tones, a sweep and noise.
fn music(encoder: &[&str]) -> Option<Vec<u8>> {
    let source = "aevalsrc=0.3*sin(2*PI*440*t)+0.2*sin(2*PI*(200+900*t)*t)+0.02*(random(0)-0.5)\
                  |0.3*sin(2*PI*1000*t)+0.1*sin(2*PI*6000*t):s=48000:d=5";
    ffmpeg(&[&["-f", "lavfi", "-i", source], encoder].concat())
}

const ADTS_51: [&str; 6] = ["-c:a", "aac", "-b:a", "384k", "-f", "adts"];
const AC3_51: [&str; 6] = ["-c:a", "ac3", "-b:a", "448k", "-f", "ac3"];

/// A layout as it is sent, and the places of the channels that come out.
struct Layout {
    layout: &'static str,
    sent: &'static [usize],
    expected: &'static [usize],
    encoder: &'static [&'static str],
    format: TrackFormat,
}

fn case(
    layout: &'static str,
    sent: &'static [usize],
    expected: &'static [usize],
    encoder: &'static [&'static str],
    format: TrackFormat,
) -> Layout {
    Layout { layout, sent, expected, encoder, format }
}

#[test]
fn every_channel_of_every_layout_stands_in_its_place() {
    // The layouts of the down-mixer: left, right, centre, low frequency, back, side; what a layout lacks is left out.
    let cases = [
        case("mono", &[2], &[2], &ADTS_51, aac(&[0x11, 0x88])),
        case("stereo", &[0, 1], &[0, 1], &ADTS_51, aac(&[0x11, 0x90])),
        case("5.1", &[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], &ADTS_51, aac(&[0x11, 0xB0])),
        case("mono", &[2], &[2], &AC3_51, ac3()),
        case("stereo", &[0, 1], &[0, 1], &AC3_51, ac3()),
        case("3.0", &[0, 1, 2], &[0, 1, 2], &AC3_51, ac3()),
        case("3.0(back)", &[0, 1, 4], &[0, 1, 9, 4], &AC3_51, ac3()),
        case("4.0", &[0, 1, 2, 4], &[0, 1, 2, 4], &AC3_51, ac3()),
        case("quad(side)", &[0, 1, 4, 5], &[0, 1, 9, 4, 5], &AC3_51, ac3()),
        case("5.0(side)", &[0, 1, 2, 4, 5], &[0, 1, 2, 4, 5], &AC3_51, ac3()),
        case("5.1(side)", &[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5], &AC3_51, ac3()),
    ];
    for Layout { layout, sent, expected, encoder, format } in cases {
        let kind = encoder[5];
        let Some(stream) = tones(layout, sent, encoder) else { return };
        let heard = hear(&format, &units(kind, &stream));
        assert_eq!(heard.refused, 0, "{kind} {layout}");
        assert_eq!((heard.sample_rate, usize::from(heard.channels)), (48_000, expected.len()), "{kind} {layout}");
        for (channel, place) in expected.iter().enumerate() {
            for (other, tone) in TONES.iter().enumerate() {
                let level = level(&heard, channel, *tone);
                let wanted = if other == *place { 0.26..0.34 } else { -1.0..0.01 };
                assert!(wanted.contains(&level), "{kind} {layout} channel {channel} tone {tone}: {level:.3}");
            }
        }
    }
}

#[test]
fn aac_of_seven_one_comes_out_as_ffmpeg_has_it() {
    let places = [0, 1, 2, 3, 4, 5, 6, 7];
    let Some(stream) = tones("7.1", &places, &["-c:a", "aac", "-b:a", "512k", "-f", "mp4", "-movflags", "empty_moov"])
    else {
        return;
    };
    // Channel configuration 7, or a program config element: the set-up that the encoder wrote says.
    let Some(raw) = ffmpeg(&["-i", &keep("aac71.mp4", &stream), "-c", "copy", "-f", "adts"]) else { return };
    let configuration = (raw[2] & 1) << 2 | raw[3] >> 6;
    assert_eq!(configuration, 7);
    let heard = hear(&aac(&[0x11, 0xB8]), &units("adts", &raw));
    assert_eq!((heard.refused, heard.channels), (0, 8));
    let Some(theirs) = ffmpeg(&["-i", &keep("aac71.adts", &raw), "-f", "s16le"]) else { return };
    let snr = snr(&heard.data, &pcm(&theirs));
    assert!(snr > 70.0, "{snr:.1} dB");
}

#[test]
fn what_each_decoder_hears_is_what_ffmpeg_hears() {
    // AAC without noise substitution, as noise is each decoder's own; AC-3 has some of it wherever there are no bits.
    let cases: [(&[&str], &str, TrackFormat, f64); 7] = [
        (&["-c:a", "aac", "-aac_pns", "0", "-b:a", "128k", "-f", "adts"], "adts", aac(&[0x11, 0x90]), 80.0),
        (&["-c:a", "mp2", "-b:a", "192k", "-f", "mp2"], "mp2", mpa(2), 60.0),
        (&["-c:a", "mp2", "-b:a", "96k", "-ac", "1", "-f", "mp2"], "mp2", mpa(2), 60.0),
        (
            &["-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"],
            "mp3",
            mpa(3),
            60.0,
        ),
        (&["-c:a", "ac3", "-b:a", "192k", "-f", "ac3"], "ac3", ac3(), 35.0),
        (&["-c:a", "ac3", "-b:a", "160k", "-ar", "44100", "-f", "ac3"], "ac3", ac3(), 35.0),
        (&["-c:a", "ac3", "-b:a", "128k", "-ar", "32000", "-f", "ac3"], "ac3", ac3(), 35.0),
    ];
    for (encoder, kind, format, least) in cases {
        let Some(stream) = music(encoder) else { return };
        let heard = hear(&format, &units(kind, &stream));
        let path = keep(&format!("music-{}.{kind}", encoder[3]), &stream);
        let Some(theirs) = ffmpeg(&["-flags2", "-skip_manual", "-i", &path, "-f", "s16le"]) else { return };
        let theirs = pcm(&theirs);
        // FFmpeg leaves out what it takes for the encoder's run-in: line up on its first samples.
        let shift = heard.data.len().saturating_sub(theirs.len());
        let snr = snr(&heard.data, &theirs).max(snr(&heard.data[shift..], &theirs));
        println!("{kind} {:?}: {snr:.1} dB, {} of {} values", &encoder[..4], heard.data.len(), theirs.len());
        assert!(snr > least, "{kind}: {snr:.1} dB");
        assert_eq!(heard.refused, 0, "{kind}");
    }
}

/// HE-AAC v1 and v2 as ADTS carries them: the header says LC at half the rate, and of one channel for v2.
#[cfg(feature = "fdk-aac")]
#[test]
fn what_hides_in_plain_aac_comes_out_at_the_full_rate() {
    use fdk_aac::enc::{AudioObjectType, BitRate, ChannelMode, Encoder, EncoderParams, Transport};
    for (audio_object_type, asc, rate) in [
        (AudioObjectType::Mpeg4HeAac, &[0x13, 0x10][..], 48_000),
        (AudioObjectType::Mpeg4HeAacV2, &[0x13, 0x08], 32_000),
    ] {
        let encoder = Encoder::new(EncoderParams {
            bit_rate: BitRate::Cbr(rate),
            sample_rate: 48_000,
            transport: Transport::Adts,
            channels: ChannelMode::Stereo,
            audio_object_type,
        })
        .unwrap();
        let frame = encoder.info().unwrap().frameLength as i32;
        let (mut stream, mut out) = (Vec::new(), vec![0; 8192]);
        for n in 0..60 {
            let tone = |at: i32| (f64::from(at) * 5000.0 / 48_000.0 * std::f64::consts::TAU).sin() * 9000.0;
            let samples: Vec<i16> = (n * frame..(n + 1) * frame).flat_map(|at| [tone(at) as i16; 2]).collect();
            let made = encoder.encode(&samples, &mut out).unwrap();
            stream.extend_from_slice(&out[..made.output_size]);
        }
        let units = units("adts", &stream);
        let set_up = AacConfig { asc: asc.into() };
        let format = TrackFormat::Aac(AudioTrack { sample_rate: 24_000, channels: 2 }, set_up);
        let heard = hear(&format, &units);
        assert_eq!((heard.refused, heard.sample_rate, heard.channels), (0, 48_000, 2));
        assert_eq!(heard.data.len(), units.len() * 2048 * 2);
        let level = level(&heard, 1, 5000);
        assert!((0.2..0.35).contains(&level), "{level:.3}");
        let Some(theirs) = ffmpeg(&["-i", &keep("he.adts", &stream), "-f", "s16le"]) else { return };
        let snr = snr(&heard.data, &pcm(&theirs));
        println!("{asc:02x?}: {snr:.1} dB");
        assert!(snr > 50.0, "{snr:.1} dB");
    }
}

#[test]
fn broadcast_captures_of_ac3_are_heard_as_ffmpeg_hears_them() {
    for name in ["audio/androidx-sample.ac3", "audio/shaka-hls-raw-ac3/fileSequence1.ac3"] {
        let Some(path) = media(name) else { return };
        // The second starts with an ID3 tag.
        let Some(stream) = ffmpeg(&["-i", path.to_str().unwrap(), "-c", "copy", "-f", "ac3"]) else { return };
        let heard = hear(&ac3(), &units("ac3", &stream));
        let Some(theirs) = ffmpeg(&["-i", &keep("capture.ac3", &stream), "-f", "s16le"]) else { return };
        let theirs = pcm(&theirs);
        let snr = snr(&heard.data, &theirs);
        println!("{name}: {snr:.1} dB, {} channels, {} of {} values", heard.channels, heard.data.len(), theirs.len());
        // The first is cut in its last syncframe, of which FFmpeg makes something.
        let cut = usize::from(name.contains("androidx"));
        let frame = 1536 * usize::from(heard.channels);
        assert_eq!((heard.refused, heard.data.len()), (cut, theirs.len() - cut * frame), "{name}");
        assert!(snr > 35.0, "{name}: {snr:.1} dB");
    }
}

#[test]
fn hostile_bytes_give_values_and_errors_only() {
    let cases: [(Option<Vec<u8>>, &str, TrackFormat); 5] = [
        (music(&["-c:a", "aac", "-b:a", "128k", "-f", "adts"]), "adts", aac(&[0x11, 0x90])),
        (tones("5.1", &[0, 1, 2, 3, 4, 5], &ADTS_51), "adts", aac(&[0x11, 0xB0])),
        (tones("5.1(side)", &[0, 1, 2, 3, 4, 5], &AC3_51), "ac3", ac3()),
        (music(&["-c:a", "mp2", "-b:a", "192k", "-f", "mp2"]), "mp2", mpa(2)),
        (
            music(&["-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"]),
            "mp3",
            mpa(3),
        ),
    ];
    for (stream, kind, format) in cases {
        let Some(stream) = stream else { return };
        let units = units(kind, &stream);
        let (mut decoder, mut random, mut refused) = (decoder(&format), random(1), 0);
        for _ in 0..3000 {
            let whole = &units[random() % units.len()];
            let unit = AccessUnit { data: mutated(&whole.data, &mut random), ..whole.clone() };
            refused += usize::from(decoder.decode(&unit).is_err());
        }
        assert!(refused > 100, "{kind}: {refused}");
        // It is still of use: what came before may be missed for a few units, by layer III's reservoir.
        let again: Vec<bool> = units.iter().skip(1).take(12).map(|unit| decoder.decode(unit).is_ok()).collect();
        assert!(again[8..].iter().all(|is_ok| *is_ok), "{kind}: {again:?}");
        assert!(decoder.decode(&AccessUnit { data: vec![0; 1 << 20].into(), ..units[0].clone() }).is_err(), "{kind}");
    }
}
