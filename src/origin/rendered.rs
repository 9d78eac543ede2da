//! What an asset's manifests were rendered to since its last change.

use std::sync::OnceLock;

use super::response::Response;
use crate::package::{dash::Flavour, hls::HlsFormat, smooth::Version};

/// Answers since the last change, each made when it is first asked for; `None` where there was nothing to render.
#[derive(Debug)]
pub(super) struct Rendered {
    tracks: usize,
    mpds: [OnceLock<Option<Response>>; 2],
    smooth: [OnceLock<Option<Response>>; 2],
    /// See [`master_place`].
    masters: Vec<OnceLock<Option<Response>>>,
    /// For each track in each format.
    playlists: Vec<OnceLock<Option<Response>>>,
}

impl Rendered {
    pub(super) fn of(tracks: usize) -> Self {
        let cells = |count: usize| (0..count).map(|_| OnceLock::new()).collect();
        let masters = master_place(HlsFormat::V3, tracks.checked_sub(1), true).saturating_add(1);
        let [mpds, smooth] = [const { [const { OnceLock::new() }; 2] }; 2];
        Self { tracks, mpds, smooth, masters: cells(masters), playlists: cells(3 * tracks) }
    }

    pub(super) fn forget(&mut self) {
        let cells = self.mpds.iter_mut().chain(&mut self.smooth).chain(&mut self.masters).chain(&mut self.playlists);
        cells.for_each(|cell| drop(cell.take()));
    }

    pub(super) const fn mpd(&self, flavour: Flavour) -> &OnceLock<Option<Response>> {
        let [cmaf, csf] = &self.mpds;
        match flavour {
            Flavour::Cmaf => cmaf,
            Flavour::Csf => csf,
        }
    }

    pub(super) const fn smooth(&self, version: Version) -> &OnceLock<Option<Response>> {
        let [newer, older] = &self.smooth;
        match version {
            Version::V22 => newer,
            Version::V20 => older,
        }
    }

    pub(super) fn master(
        &self,
        format: HlsFormat,
        sound: Option<usize>,
        has_audio_only: bool,
    ) -> Option<&OnceLock<Option<Response>>> {
        self.masters.get(master_place(format, sound, has_audio_only))
    }

    pub(super) fn playlist(&self, format: HlsFormat, track: usize) -> Option<&OnceLock<Option<Response>>> {
        let place = match format {
            HlsFormat::Cmaf => 0,
            HlsFormat::V4 => 1,
            HlsFormat::V3 => 2,
        };
        self.playlists.get(self.tracks * place + track)
    }
}

/// One master of fragmented MP4; of version 4 with and without sound alone; of version 3 the same for each language.
fn master_place(format: HlsFormat, sound: Option<usize>, has_audio_only: bool) -> usize {
    match format {
        HlsFormat::Cmaf => 0,
        HlsFormat::V4 => 1 + usize::from(has_audio_only),
        HlsFormat::V3 => 3 + usize::from(has_audio_only) + 2 * sound.map_or(0, |sound| sound + 1),
    }
}
