//! One progressive MP4 file of a range of an archive, written with the `mp4` crate.
//!
//! Fragments are read by this crate's own reader first; the `mp4` crate never sees a byte that it would have to parse. It
//! writes neither an edit list nor more than one parameter set of a kind, and what lies in front of a track's first
//! fragment closes up: choose a range that starts on a segment boundary.

use std::io::{Seek, Write};

use mp4::{MediaConfig, Mp4Config, Mp4Sample, Mp4Writer, TrackConfig, TrackType};

use crate::{
    error::ParseError,
    media::{Body, TrackFormat, TrackSpec},
    wire::mp4::Fragment,
};

/// Writes one progressive MP4 file, with one rung and any number of languages: push fragments in time order, track by track within a segment, then finish.
///
/// ```text
/// let mut export = Exporter::new(file, &[rung, audio])?;
/// for segment in range { export.push(0, &rung_fragment)?; export.push(1, &audio_fragment)?; }
/// let file = export.finish()?;
/// ```
#[derive(Debug)]
pub struct Exporter<W> {
    writer: Mp4Writer<W>,
    tracks: Vec<Progress>,
}

/// Why an export failed; the file is incomplete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A fragment could not be read.
    #[error(transparent)]
    Fragment(#[from] ParseError),
    /// The host's writer failed, or the file cannot take what was pushed.
    #[error("the file could not be written: {0}")]
    Write(String),
    /// A track has a format that such a file cannot hold.
    #[error("track {0} has a format that cannot be exported")]
    Format(String),
    /// There is no track at this position.
    #[error("there is no track at position {0}")]
    Track(usize),
    /// An access unit lasts over an hour.
    #[error("an access unit of {ticks} ticks is over the ceiling of {ceiling}")]
    Duration {
        /// How long it would last.
        ticks: u64,
        /// One hour.
        ceiling: u64,
    },
}

impl<W: Write + Seek> Exporter<W> {
    /// Starts a file with these tracks.
    ///
    /// # Errors
    /// The writer failed, or a track has a format that cannot be exported.
    pub fn new(writer: W, tracks: &[&TrackSpec]) -> Result<Self, ExportError> {
        let brands = [*b"isom", *b"iso2", *b"avc1", *b"mp41"].map(Into::into);
        let config = Mp4Config {
            major_brand: (*b"isom").into(),
            minor_version: 512,
            compatible_brands: brands.to_vec(),
            timescale: 90_000,
        };
        let mut export = Self { writer: Mp4Writer::write_start(writer, &config)?, tracks: Vec::new() };
        for track in tracks {
            let config = track_config(track).ok_or_else(|| ExportError::Format(track.name.clone()))?;
            export.writer.add_track(&config)?;
            let ceiling = u64::from(track.timescale.per_second()).saturating_mul(3600);
            export.tracks.push(Progress { next: None, held: None, ceiling });
        }
        Ok(export)
    }

    /// Adds a fragment of the track at this position. A gap before it makes the access unit before the gap last longer.
    ///
    /// # Errors
    /// The fragment could not be read or the file not written.
    pub fn push(&mut self, track: usize, fragment: &Body) -> Result<(), ExportError> {
        let progress = self.tracks.get_mut(track).ok_or(ExportError::Track(track))?;
        let fragment = Fragment::parse(&fragment.to_bytes())?;
        if let (Some(held), Some(next)) = (&mut progress.held, progress.next) {
            let gap = u32::try_from(fragment.decode_time.saturating_sub(next)).unwrap_or(u32::MAX);
            held.duration = held.duration.saturating_add(gap);
        }
        let mut time = fragment.decode_time;
        for sample in fragment.samples {
            let sample = Mp4Sample {
                start_time: time,
                duration: sample.duration,
                rendering_offset: i32::try_from(sample.composition_offset).unwrap_or(0),
                is_sync: sample.is_sync,
                bytes: sample.data,
            };
            time = time.saturating_add(u64::from(sample.duration));
            if let Some(ready) = progress.held.replace(sample) {
                write(&mut self.writer, track, &ready, progress.ceiling)?;
            }
        }
        progress.next = Some(time);
        Ok(())
    }

    /// Writes the index and gives the writer back.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn finish(mut self) -> Result<W, ExportError> {
        for (track, progress) in self.tracks.iter_mut().enumerate() {
            if let Some(last) = progress.held.take() {
                write(&mut self.writer, track, &last, progress.ceiling)?;
            }
        }
        self.writer.write_end()?;
        Ok(self.writer.into_writer())
    }
}

impl From<mp4::Error> for ExportError {
    fn from(error: mp4::Error) -> Self {
        Self::Write(error.to_string())
    }
}

/// How far a track is: its last sample is held back until it is known whether a gap follows.
#[derive(Debug)]
struct Progress {
    next: Option<u64>,
    held: Option<Mp4Sample>,
    ceiling: u64,
}

fn write<W: Write + Seek>(
    writer: &mut Mp4Writer<W>,
    track: usize,
    sample: &Mp4Sample,
    ceiling: u64,
) -> Result<(), ExportError> {
    // The crate adds durations up in 32 bits.
    let ticks = u64::from(sample.duration);
    if ticks > ceiling || ticks > u64::from(u32::MAX / 2) {
        return Err(ExportError::Duration { ticks, ceiling });
    }
    let id = u32::try_from(track).unwrap_or(u32::MAX).saturating_add(1);
    Ok(writer.write_sample(id, sample)?)
}

fn track_config(track: &TrackSpec) -> Option<TrackConfig> {
    let (track_type, media_conf) = match &track.format {
        TrackFormat::H264(video, config) => {
            // The crate takes profile and level out of the SPS by index.
            let sps = config.sps.first().filter(|sps| sps.len() >= 4)?;
            let avc = mp4::AvcConfig {
                width: u16::try_from(video.width).ok()?,
                height: u16::try_from(video.height).ok()?,
                seq_param_set: sps.to_vec(),
                pic_param_set: config.pps.first()?.to_vec(),
            };
            (TrackType::Video, MediaConfig::AvcConfig(avc))
        }
        TrackFormat::Aac(audio, config) => {
            let [first, second, ..] = config.asc.as_ref() else { return None };
            // ISO/IEC 14496-3 clause 1.6.2.1: 5 bits object type, 4 bits frequency index, 4 bits channels.
            let aac = mp4::AacConfig {
                bitrate: track.bitrate,
                profile: (first >> 3).try_into().ok()?,
                freq_index: ((first & 7) << 1 | second >> 7).try_into().ok()?,
                chan_conf: audio.channels.try_into().ok()?,
            };
            (TrackType::Audio, MediaConfig::AacConfig(aac))
        }
        // The crate writes no other sample entry.
        _ => return None,
    };
    let timescale = track.timescale.per_second();
    Some(TrackConfig { track_type, timescale, language: track.language.terminological().into(), media_conf })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{
        archive::{
            Segmenter, SegmenterLimits,
            rig::{ladder, pictures, sound},
        },
        media::TrackId,
        time::{MediaDuration, MediaTime},
    };

    #[test]
    fn what_was_archived_comes_back_as_one_file() {
        let origin = MediaTime::ZERO.plus(MediaDuration::from_secs(1_800_000_000));
        let tracks = vec![ladder().remove(0), ladder().remove(2)];
        let mut segmenter = Segmenter::new(tracks.clone(), SegmenterLimits::default());
        (0..2).for_each(|n| segmenter.boundary(origin.plus(MediaDuration::from_secs(2 * n))).unwrap());
        pictures(0, origin, 0..120).drain(..).for_each(|unit| segmenter.push(TrackId(0), unit).unwrap());
        sound(2, origin, 0..172).drain(..).for_each(|unit| segmenter.push(TrackId(2), unit).unwrap());
        segmenter.finish(origin.plus(MediaDuration::from_secs(4)));

        let mut export = Exporter::new(Cursor::new(Vec::new()), &[&tracks[0], &tracks[1]]).unwrap();
        while let Some(sealed) = segmenter.pull() {
            (0..2).for_each(|track| export.push(track, &sealed.fragments[track]).unwrap());
        }
        let file = export.finish().unwrap().into_inner();

        let len = file.len() as u64;
        let mut read = mp4::Mp4Reader::read_header(Cursor::new(file), len).unwrap();
        assert_eq!((read.sample_count(1).unwrap(), read.sample_count(2).unwrap()), (120, 172));
        let sample = read.read_sample(1, 61).unwrap().unwrap();
        assert_eq!((sample.start_time, sample.is_sync, sample.bytes.len()), (180_000, true, 61));
        assert_eq!(read.tracks()[&1].duration().as_millis(), 4000);
    }

    #[test]
    fn bytes_that_are_no_fragment_are_refused() {
        let spec = ladder().remove(0);
        let mut export = Exporter::new(Cursor::new(Vec::new()), &[&spec]).unwrap();
        let junk = Body::from(String::from("not a fragment"));
        assert!(matches!(export.push(0, &junk), Err(ExportError::Fragment(_))));
        assert!(matches!(export.push(1, &junk), Err(ExportError::Track(1))));
    }
}
