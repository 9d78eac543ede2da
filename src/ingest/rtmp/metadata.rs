//! `onMetaData`, what a publisher says of its stream (FLV 10.1 Annex E.5).

use crate::{
    media::FrameRate,
    time::{FLICKS_PER_SECOND, MediaDuration},
    wire::amf0::Value,
};

/// What a publisher says of its stream. Often wrong: the parameter sets decide, this is for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RtmpMetadata {
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Frames per second.
    pub frame_rate: Option<FrameRate>,
    /// Video bitrate in kbit/s.
    pub video_kbps: Option<u32>,
    /// Audio bitrate in kbit/s.
    pub audio_kbps: Option<u32>,
    /// Name and version of the encoder, at most 256 characters.
    pub encoder: Option<String>,
}

impl RtmpMetadata {
    /// Reads the object of `onMetaData`.
    pub(super) fn read(fields: &Value<'_>) -> Self {
        let number = |name| fields.member(name).and_then(Value::as_number);
        let whole = |name| number(name).and_then(positive);
        Self {
            width: whole("width"),
            height: whole("height"),
            frame_rate: number("framerate").and_then(frame_rate),
            video_kbps: whole("videodatarate"),
            audio_kbps: whole("audiodatarate"),
            encoder: fields.member("encoder").and_then(Value::as_str).map(|name| name.chars().take(256).collect()),
        }
    }
}

fn positive(number: f64) -> Option<u32> {
    // The cast saturates, and makes zero of what is not a number.
    Some(number.round() as u32).filter(|number| *number > 0 && *number < u32::MAX)
}

/// The broadcast rate that is meant by a decimal such as 29.97, else the decimal itself to a thousandth.
fn frame_rate(fps: f64) -> Option<FrameRate> {
    let thousandths = positive(fps * 1000.0)?;
    let frame = MediaDuration::from_flicks(FLICKS_PER_SECOND.saturating_mul(1000) / i64::from(thousandths));
    let near = FrameRate::nearest(frame).filter(|rate| {
        let off = rate.frame_duration().minus(frame).flicks().saturating_abs();
        off.saturating_mul(10_000) <= frame.flicks()
    });
    near.or_else(|| FrameRate::new(thousandths, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::amf0::{Reader, Writer};

    fn metadata(fps: f64) -> RtmpMetadata {
        let writer = Writer::new().open().name("width").number(1920.0).name("framerate").number(fps);
        let writer = writer.name("videodatarate").number(7812.5).name("height").number(f64::NAN);
        let body = writer.name("encoder").string("Lavf59.27.100").close().finish();
        RtmpMetadata::read(&Reader::new(&body).value().unwrap().unwrap())
    }

    #[test]
    fn fields_are_read() {
        let read = metadata(29.97);
        assert_eq!((read.width, read.height, read.video_kbps), (Some(1920), None, Some(7813)));
        assert_eq!(read.frame_rate, Some(FrameRate::FPS_29_97));
        assert_eq!(read.encoder.as_deref(), Some("Lavf59.27.100"));
    }

    #[test]
    fn odd_frame_rates() {
        let rate = |fps| metadata(fps).frame_rate;
        assert_eq!(rate(25.0), Some(FrameRate::FPS_25));
        assert_eq!(rate(12.5), FrameRate::new(25, 2));
        assert_eq!((rate(0.0), rate(-1.0), rate(f64::NAN), rate(1e300)), (None, None, None, None));
    }
}
