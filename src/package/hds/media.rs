//! `media` and `bootstrapInfo` of a manifest, and the URLs that they give (A20.5).
//!
//! The sound of a rung stands in the folder of its fragments, as in HLS version 3: what an URL stands for must not depend on which
//! language is the first one at the moment.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use quick_xml::escape::escape;

use crate::{
    media::{Language, TrackFormat, TrackSpec},
    wire::amf0::Writer,
};

/// A rendition that is listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed<'a> {
    pub(super) track: &'a TrackSpec,
    /// What is heard with its pictures.
    pub(super) sound: Option<&'a TrackSpec>,
    /// The number of its bootstrap.
    pub(super) bootstrap: usize,
    /// A language that is played in place of the one with the pictures.
    pub(super) is_alternate: bool,
}

impl Listed<'_> {
    /// Nominal kbit/s, of its sound, too.
    pub(super) fn kilobits(&self) -> u32 {
        let sound = self.sound.map_or(0, |sound| sound.bitrate);
        self.track.bitrate.saturating_add(sound).saturating_add(500) / 1000
    }
}

/// The bootstrap of a rendition, by URL and not inline: a live one must be fetched again.
pub(super) fn bootstrap_url(listed: &Listed<'_>, filter: &str) -> String {
    let Listed { track, bootstrap, .. } = listed;
    let (filter, query) = filter.split_once('?').unwrap_or((filter, ""));
    let mark = if query.is_empty() { "" } else { "?" };
    format!(
        "<bootstrapInfo profile=\"named\" id=\"bootstrap{bootstrap}\" \
         url=\"QualityLevels({})/Manifest({},format=f4m-f4f{filter}).abst{mark}{}\"/>\n",
        track.bitrate,
        escape(track.url_track.as_str()),
        escape(query)
    )
}

/// Writes a rendition, under a bit rate in kbit/s that no other one has; `duration` in milliseconds, where it is over.
pub(super) fn write_media(text: &mut String, listed: &Listed<'_>, rate: u32, duration: Option<u64>) {
    let Listed { track, sound, bootstrap, is_alternate } = listed;
    text.push_str("<media");
    if track.format.is_audio() {
        text.push_str(" type=\"audio\"");
        if *is_alternate {
            text.push_str(" alternate=\"true\"");
        }
        if track.language != Language::UND {
            let _ = write!(text, " lang=\"{}\"", track.language.bcp47());
        }
        let _ = write!(text, " label=\"{}\"", escape(track.name.as_str()));
    }
    let _ = write!(text, " bitrate=\"{rate}\"");
    if let Some(video) = track.format.video() {
        let _ = write!(text, " width=\"{}\" height=\"{}\"", video.width, video.height);
    }
    let beside = sound.map(|sound| format!(",audiotrack={}", sound.url_track)).unwrap_or_default();
    let _ = writeln!(
        text,
        " bootstrapInfoId=\"bootstrap{bootstrap}\" url=\"QualityLevels({}{})/Fragments({},format=f4m-f4f)\">",
        track.bitrate,
        escape(beside.as_str()),
        escape(track.url_track.as_str())
    );
    let _ = writeln!(text, "<metadata>{}</metadata>\n</media>", STANDARD.encode(on_meta_data(listed, duration)));
}

/// `onMetaData` as a file of FLV begins with it (FLV 10.1 Annex E.5).
fn on_meta_data(listed: &Listed<'_>, duration: Option<u64>) -> Bytes {
    let mut numbers: Vec<(&str, f64)> = Vec::new();
    let mut is_stereo = None;
    numbers.extend(duration.map(|millis| ("duration", millis as f64 / 1000.0)));
    let kilobits = |track: &TrackSpec| f64::from(track.bitrate) / 1000.0;
    for track in [Some(listed.track), listed.sound].into_iter().flatten() {
        if let Some(video) = track.format.video() {
            numbers.extend([("width", f64::from(video.width)), ("height", f64::from(video.height))]);
            numbers.extend([("videocodecid", 7.0), ("videodatarate", kilobits(track))]);
            numbers.extend(track.frame_rate.map(|rate| ("framerate", rate.as_f64())));
        }
        if let Some(audio) = track.format.audio() {
            let codec = if matches!(track.format, TrackFormat::Aac(..)) { 10.0 } else { 2.0 };
            numbers.extend([("audiocodecid", codec), ("audiodatarate", kilobits(track))]);
            numbers.extend([("audiosamplerate", f64::from(audio.sample_rate)), ("audiosamplesize", 16.0)]);
            is_stereo = Some(audio.channels > 1);
        }
    }
    let members = u32::try_from(numbers.len()).unwrap_or(0).saturating_add(u32::from(is_stereo.is_some()));
    let open = Writer::new().string("onMetaData").open_array(members);
    let mut data = numbers.into_iter().fold(open, |writer, (name, number)| writer.name(name).number(number));
    if let Some(is_stereo) = is_stereo {
        data = data.name("stereo").boolean(is_stereo);
    }
    data.close().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::rig::ladder,
        wire::amf0::{Reader, Value},
    };

    #[test]
    fn metadata_says_what_is_in_the_fragments() {
        let tracks = ladder();
        let listed = Listed { track: &tracks[0], sound: Some(&tracks[2]), bootstrap: 0, is_alternate: false };
        let bytes = on_meta_data(&listed, Some(12_012));
        assert!(bytes.starts_with(b"\x02\0\x0AonMetaData\x08\0\0\0\x0B"), "{bytes:?}");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.value().unwrap().unwrap().as_str(), Some("onMetaData"));
        let data = reader.value().unwrap().unwrap();
        let number = |name: &str| data.member(name).and_then(Value::as_number).unwrap();
        assert_eq!([number("duration"), number("width"), number("height")], [12.012, 1280.0, 720.0]);
        assert_eq!([number("videocodecid"), number("framerate"), number("videodatarate")], [7.0, 30.0, 3500.0]);
        assert_eq!(
            [number("audiocodecid"), number("audiosamplerate"), number("audiodatarate")],
            [10.0, 44_100.0, 64.0]
        );
        assert_eq!(data.member("stereo"), Some(&Value::Boolean(true)));
        assert_eq!(reader.value().unwrap(), None);
    }
}
