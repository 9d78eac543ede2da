//! An index that is read back: every page but the last must be whole, the last one counts as far as it is.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    ADDED, CAPTIONED, DRIFTED, ENDED, HEAD, Index, IndexError, IndexErrorKind, LOST, OFFERED,
    fields::Fields,
    head::{Head, take_captions, take_losses, take_offered},
    page::{Flaw, Page},
    segment,
};
use crate::{
    archive::{AssetConfig, AssetName, ObjectName, Timeline, TimelineChange, TimelineUpdate, kept::Kept},
    media::Segment,
    time::MediaDuration,
};

/// An asset as its index has it.
///
/// [`updates`](Self::updates) tell an origin of it, and then it plays as before;
/// [`Asset::resume`](crate::archive::Asset::resume) writes on.
#[derive(Clone, Debug)]
pub struct Recovered {
    pub(in crate::archive) kept: Kept,
    pub(in crate::archive) index: Index,
    /// What went with the newest segment: the host may not have come to it.
    pub(in crate::archive) gone: Vec<Segment>,
    torn: u64,
}

impl Recovered {
    /// Reads the index of `asset`. `pages` are all that there are, by their numbers
    /// ([`ObjectName::page_number`]), in order and without a gap; the first one need not be page 0.
    ///
    /// What is not whole at the end of the last page was being written when the host was killed, and is left out. Nothing that was
    /// told to an origin is lost with it. Memory that is taken is of the order of what `pages` take.
    ///
    /// # Errors
    /// What is wrong with a page, and where, anywhere else.
    pub fn open(asset: &AssetName, pages: &[(u64, Bytes)]) -> Result<Self, IndexError> {
        let mut reader = Reader { asset, kept: None, index: Index::new(asset.clone()), gone: Vec::new() };
        let (mut torn, mut expected) = (0, pages.first().map_or(0, |(number, _)| *number));
        for (n, (number, bytes)) in pages.iter().enumerate() {
            if *number != expected {
                return Err(IndexError { page: *number, offset: 0, kind: IndexErrorKind::Order(expected) });
            }
            expected = expected.saturating_add(1);
            let is_last = n.saturating_add(1) == pages.len();
            if let Err(kind) = reader.read_page(*number, bytes) {
                let offset = reader.index.page.len;
                // Another version's page is whole, for all we know, and must not be written over.
                if !is_last || matches!(kind, IndexErrorKind::Version(_)) {
                    return Err(IndexError { page: *number, offset, kind });
                }
                torn = (bytes.len() as u64).saturating_sub(offset);
            }
        }
        let page = reader.index.page.number;
        let kept = reader.kept.ok_or(IndexError { page, offset: 0, kind: IndexErrorKind::Empty })?;
        Ok(Self { kept, index: reader.index, gone: reader.gone, torn })
    }

    /// Whose it is.
    #[must_use]
    pub const fn name(&self) -> &AssetName {
        &self.index.asset
    }

    /// What its manifests show.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        self.kept.timeline()
    }

    /// How much of it is kept and shown.
    #[must_use]
    pub const fn config(&self) -> AssetConfig {
        self.kept.config()
    }

    /// Bytes at the end of the last page that were not whole.
    #[must_use]
    pub const fn torn(&self) -> u64 {
        self.torn
    }

    /// The store turns out not to have these objects: what waited to be written when the process ended. Their fragments are missing in
    /// the [updates](Self::updates), and in the asset that goes on. How many fragments of this asset they were.
    ///
    /// The index is as it was: who opens it again looks again.
    pub fn lose(&mut self, names: &[ObjectName]) -> usize {
        let losses = self.kept.losses(&self.index.asset, names);
        self.kept.lose(&losses);
        losses.len()
    }

    /// What to tell an origin that does not know the asset, in order: its manifests are then, byte for byte, what they were.
    pub fn updates(&self) -> impl Iterator<Item = TimelineUpdate> {
        let timeline = self.kept.timeline();
        let opened = TimelineChange::Opened {
            presentation: Arc::clone(timeline.presentation()),
            window: self.config().window,
            rewind: self.config().rewind,
            segment_duration: timeline.segment_duration(),
        };
        let is_all_offered = timeline.offered().iter().all(|is_offered| *is_offered);
        let trimmed = timeline.first().filter(|_| self.kept.lingers());
        let before = [
            Some(opened),
            self.kept.oldest().map(TimelineChange::Resumed),
            (!is_all_offered).then(|| TimelineChange::Offered(Arc::clone(timeline.offered()))),
            (!timeline.captions().is_empty()).then(|| TimelineChange::Captioned(Arc::clone(timeline.captions()))),
            (timeline.drifted() != MediaDuration::ZERO).then(|| TimelineChange::Drifted(timeline.drifted())),
        ];
        let after = [
            trimmed.map(|first| TimelineChange::Trimmed { before: first.sequence }),
            timeline.is_ended().then_some(TimelineChange::Ended),
        ];
        let added = self.kept.segments().map(|segment| TimelineChange::Added(segment.clone()));
        let changes = before.into_iter().flatten().chain(added).chain(after.into_iter().flatten());
        changes.map(|change| TimelineUpdate { asset: self.name().clone(), change })
    }

    /// Every object that the index lists: the init segments, the fragments and the pages.
    pub fn objects(&self) -> impl Iterator<Item = ObjectName> {
        let tracks = &self.kept.timeline().presentation().tracks;
        let inits = tracks.iter().map(|track| ObjectName::init(self.name(), track));
        let fragments = self.kept.segments().flat_map(move |segment| {
            let stored = tracks.iter().zip(segment.spans.iter()).filter(|(_, span)| !span.is_missing());
            stored.map(|(track, span)| ObjectName::fragment(self.name(), track, span.start))
        });
        let full = self.index.full.iter().map(|(number, _)| *number);
        let pages = full.chain([self.index.page.number]).map(|number| ObjectName::index_page(self.name(), number));
        inits.chain(fragments).chain(pages)
    }
}

/// What is read so far.
struct Reader<'a> {
    asset: &'a AssetName,
    /// `None` before the first head.
    kept: Option<Kept>,
    index: Index,
    gone: Vec<Segment>,
}

impl Reader<'_> {
    /// Reads a page to its end. Where it fails, everything before that is taken.
    fn read_page(&mut self, number: u64, bytes: &[u8]) -> Result<(), IndexErrorKind> {
        if let (Some(_), Some(last)) = (&self.kept, &self.index.page.last) {
            self.index.full.push_back((self.index.page.number, last.sequence));
        }
        self.index.page = Page::new(number);
        while let Some((kind, fields, page)) = self.index.page.read(bytes)? {
            self.take(kind, fields, page)?;
        }
        Ok(())
    }

    /// Takes one record, behind which the page is as `page` says.
    fn take(&mut self, kind: u8, mut fields: Fields<'_>, mut page: Page) -> Result<(), IndexErrorKind> {
        match self.kept.as_mut().filter(|_| self.index.page.len > 0) {
            None => self.take_head(kind, &mut fields)?,
            Some(kept) if kind == ADDED => {
                let tracks = kept.timeline().presentation().tracks.len();
                let segment = segment::take(&mut fields, page.last.as_ref(), tracks).filter(|_| fields.is_empty());
                let segment = segment.ok_or(IndexErrorKind::Record(kind))?;
                page.segments = page.segments.saturating_add(1);
                page.last = Some(segment.clone());
                self.gone = kept.push(segment)?.gone;
            }
            Some(kept) => take_change(kept, kind, &mut fields).ok_or(IndexErrorKind::Record(kind))?,
        }
        self.index.page = page;
        Ok(())
    }

    fn take_head(&mut self, kind: u8, fields: &mut Fields<'_>) -> Result<(), IndexErrorKind> {
        let head = Head::take(fields).filter(|_| kind == HEAD && fields.is_empty());
        let head = head.ok_or(IndexErrorKind::Record(kind))?;
        if head.number != self.index.page.number {
            return Err(IndexErrorKind::Order(head.number));
        }
        let is_same = |kept: &Kept| {
            let timeline = kept.timeline();
            (timeline.presentation(), kept.config()) == (&head.presentation, head.config)
        };
        if head.asset != *self.asset || !self.kept.as_ref().is_none_or(is_same) {
            return Err(IndexErrorKind::Foreign);
        }
        match &mut self.kept {
            Some(kept) => head.set(kept),
            none => *none = Some(head.open()),
        }
        Ok(())
    }
}

/// Takes a change that adds no segment.
fn take_change(kept: &mut Kept, kind: u8, fields: &mut Fields<'_>) -> Option<()> {
    let tracks = kept.timeline().presentation().tracks.len();
    let timeline = kept.timeline_mut();
    match kind {
        OFFERED => {
            let offered = take_offered(fields, tracks).filter(|_| fields.is_empty())?;
            timeline.offer(&offered);
        }
        CAPTIONED => {
            let services = take_captions(fields).filter(|_| fields.is_empty())?;
            timeline.caption(&services);
        }
        DRIFTED => {
            let by = fields.int().filter(|_| fields.is_empty())?;
            timeline.drift(MediaDuration::from_flicks(by));
        }
        LOST => {
            let losses = take_losses(fields, tracks).filter(|_| fields.is_empty())?;
            kept.lose(&losses);
        }
        ENDED if fields.is_empty() => timeline.end(),
        _ => return None,
    }
    Some(())
}

impl From<Flaw> for IndexErrorKind {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::CutShort => Self::CutShort,
            Flaw::Checksum => Self::Checksum,
            Flaw::Mark => Self::Mark,
            Flaw::Version(version) => Self::Version(version),
        }
    }
}
