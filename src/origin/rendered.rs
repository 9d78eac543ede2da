//! What an asset's manifests were rendered to since its last change.

use std::sync::OnceLock;

use super::response::Response;
use crate::package::{dash::Flavour, hls::HlsFormat, smooth::Version};

/// A manifest, with its tracks by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// An HLS master playlist; in version 3 with this sound in every segment.
    Master { format: HlsFormat, sound: Option<usize>, has_audio_only: bool },
    /// The HLS media playlist of a track.
    Playlist { format: HlsFormat, track: usize },
    /// The same in fragmented MP4, without what a player has already.
    Update { track: usize },
    /// The playlist of a track's I-frames.
    KeyFrames { format: HlsFormat, track: usize },
    /// The MPD.
    Mpd(Flavour),
    /// The client manifest of Smooth Streaming.
    Smooth(Version),
    /// The manifest of HDS.
    F4m,
    /// The bootstrap of HDS that a track has.
    Bootstrap { track: usize },
}

/// Answers since the last change, each made when it is first asked for; `None` where there was nothing to render.
#[derive(Debug)]
pub(super) struct Rendered {
    tracks: usize,
    cells: Vec<OnceLock<Option<Response>>>,
}

impl Rendered {
    pub(super) fn of(tracks: usize) -> Self {
        // A master of version 3 for each language is the last.
        let last = Manifest::Master { format: HlsFormat::V3, sound: tracks.checked_sub(1), has_audio_only: true };
        let cells = (0..=place(last, tracks)).map(|_| OnceLock::new()).collect();
        Self { tracks, cells }
    }

    pub(super) fn forget(&mut self) {
        self.cells.iter_mut().for_each(|cell| drop(cell.take()));
    }

    /// The same of what shows the parts of the live edge.
    pub(super) fn forget_edge(&mut self) {
        for track in 0..self.tracks {
            let playlist = Manifest::Playlist { format: HlsFormat::Cmaf, track };
            for manifest in [playlist, Manifest::Update { track }] {
                let cell = self.cells.get_mut(place(manifest, self.tracks));
                cell.into_iter().for_each(|cell| drop(cell.take()));
            }
        }
    }

    pub(super) fn cell(&self, manifest: Manifest) -> Option<&OnceLock<Option<Response>>> {
        self.cells.get(place(manifest, self.tracks))
    }
}

/// Playlists, bootstrap, update and playlists of I-frames of each track; then the masters: one of fragmented MP4; of version 4 with
/// and without sound alone; of version 3 the same for each language.
fn place(manifest: Manifest, tracks: usize) -> usize {
    const SINGLE: usize = 7;
    let master = SINGLE + 7 * tracks;
    match manifest {
        Manifest::Mpd(Flavour::Cmaf) => 0,
        Manifest::Mpd(Flavour::Csf) => 1,
        Manifest::Smooth(Version::V22) => 2,
        Manifest::Smooth(Version::V20) => 3,
        Manifest::F4m => 4,
        Manifest::Mpd(Flavour::Number) => 5,
        Manifest::Mpd(Flavour::Patched) => 6,
        Manifest::Playlist { format: HlsFormat::Cmaf, track } => SINGLE + track,
        Manifest::Playlist { format: HlsFormat::V4, track } => SINGLE + tracks + track,
        Manifest::Playlist { format: HlsFormat::V3, track } => SINGLE + 2 * tracks + track,
        Manifest::Bootstrap { track } => SINGLE + 3 * tracks + track,
        Manifest::KeyFrames { format: HlsFormat::Cmaf, track } => SINGLE + 4 * tracks + track,
        Manifest::KeyFrames { format: HlsFormat::V4 | HlsFormat::V3, track } => SINGLE + 5 * tracks + track,
        Manifest::Update { track } => SINGLE + 6 * tracks + track,
        Manifest::Master { format: HlsFormat::Cmaf, .. } => master,
        Manifest::Master { format: HlsFormat::V4, has_audio_only, .. } => master + 1 + usize::from(has_audio_only),
        Manifest::Master { format: HlsFormat::V3, sound, has_audio_only } => {
            master + 3 + usize::from(has_audio_only) + 2 * sound.map_or(0, |sound| sound + 1)
        }
    }
}
