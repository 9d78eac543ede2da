//! Which renditions players may switch between.

use crate::media::Presentation;

/// Positions of the tracks of each switching set, in order of appearance. Codecs do not mix in one: a player cannot change
/// decoders at a segment.
pub(super) fn switching_sets(presentation: &Presentation) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let kind = |position: usize| {
        let track = presentation.tracks.get(position)?;
        Some((track.url_track.as_str(), std::mem::discriminant(&track.format)))
    };
    for position in 0..presentation.tracks.len() {
        let same = sets.iter_mut().find(|set| set.first().and_then(|first| kind(*first)) == kind(position));
        match same {
            Some(set) => set.push(position),
            None => sets.push(vec![position]),
        }
    }
    sets
}

/// Whether anything of a switching set is offered.
pub(super) fn is_listed(set: &[usize], offered: &[bool]) -> bool {
    set.iter().any(|track| offered.get(*track).copied().unwrap_or(false))
}
