//! The index of an asset: its timeline as bytes that only grow, so that it outlives the process that wrote it (A17.10, A18).
//!
//! The form is this crate's own; `page` draws it. An index is a run of pages `{asset}/index/{number}.idx`. A page begins with all
//! that holds for the asset there, and so any run of pages opens alone; one record for each change follows. Pages go when the
//! fragments of their segments do. A write may be cut off at any byte: [`Recovered`] takes what is whole, and
//! [`Asset::resume`](crate::archive::Asset::resume) goes on there. That segments left the window is not written: the window in the
//! head says it.
//!
//! It lists what is stored and never says where. To add a change: a number among the kinds below, an arm in [`Index::note`] and one
//! in `recovered`. A record of another form takes another version.

mod error;
mod fields;
mod head;
mod page;
mod recovered;
mod segment;
mod track;

pub use error::{IndexError, IndexErrorKind};
pub use recovered::Recovered;

use std::collections::VecDeque;

use self::{fields::Record, head::Head, page::Page};
use crate::archive::{Append, AssetName, ObjectName, TimelineChange, kept::Kept};

/// The index of an asset while it is written.
#[derive(Clone, Debug)]
pub(super) struct Index {
    asset: AssetName,
    page: Page,
    /// Pages before it that are kept, and the sequence number of the last segment in each.
    full: VecDeque<(u64, u64)>,
}

impl Index {
    /// Segments of a page: a few kilobytes, and some minutes of them are lost where its head is.
    const PAGE: usize = 256;

    /// One without a page.
    pub(super) const fn new(asset: AssetName) -> Self {
        Self { asset, page: Page::new(0), full: VecDeque::new() }
    }

    /// What to write of a change; `kept` has it already.
    pub(super) fn note(&mut self, change: &TimelineChange, kept: &Kept) -> Vec<Append> {
        let mut record = Record::default();
        let kind = match change {
            TimelineChange::Opened { .. } => return self.begin_page(kept).into_iter().collect(),
            TimelineChange::Added(segment) => {
                segment::put(&mut record, self.page.last.as_ref(), segment);
                self.page.segments = self.page.segments.saturating_add(1);
                self.page.last = Some(segment.clone());
                ADDED
            }
            TimelineChange::Offered(offered) => {
                head::put_offered(&mut record, offered);
                OFFERED
            }
            TimelineChange::Captioned(services) => {
                head::put_captions(&mut record, services);
                CAPTIONED
            }
            TimelineChange::Drifted(by) => {
                record.int(by.flicks());
                DRIFTED
            }
            TimelineChange::Lost(losses) => {
                head::put_losses(&mut record, losses);
                LOST
            }
            TimelineChange::Ended => ENDED,
            // What is torn off with a part is not missed: its segment was not whole.
            TimelineChange::Trimmed { .. } | TimelineChange::Resumed(_) | TimelineChange::Parted(_) => {
                return Vec::new();
            }
        };
        let append = self.append(kind, &record);
        // At once, so that no head has to be told apart from the segment that begins its page.
        [append].into_iter().chain(self.begin_page(kept)).collect()
    }

    /// The head of the page, where it has none yet, or of the next one, where it is full.
    pub(super) fn begin_page(&mut self, kept: &Kept) -> Option<Append> {
        if let Some(last) = self.page.last.as_ref().filter(|_| self.page.segments >= Self::PAGE) {
            self.full.push_back((self.page.number, last.sequence));
            self.page = Page::new(self.page.number.saturating_add(1));
        }
        let is_due = self.page.len == 0;
        is_due.then(|| {
            let mut record = Record::default();
            Head::of(&self.asset, self.page.number, kept).put(&mut record);
            self.append(HEAD, &record)
        })
    }

    /// A page of which all segments are gone, `oldest` being the first that is not.
    pub(super) fn discard(&mut self, oldest: u64) -> Option<ObjectName> {
        let (number, _) = self.full.pop_front_if(|(_, last)| *last < oldest)?;
        Some(ObjectName::index_page(&self.asset, number))
    }

    fn append(&mut self, kind: u8, record: &Record) -> Append {
        let (at, mut bytes) = (self.page.len, Vec::new());
        self.page.write(kind, &record.0, &mut bytes);
        Append { name: ObjectName::index_page(&self.asset, self.page.number), at, bytes: bytes.into() }
    }
}

const HEAD: u8 = 0;
const ADDED: u8 = 1;
const OFFERED: u8 = 2;
const CAPTIONED: u8 = 3;
const DRIFTED: u8 = 4;
const ENDED: u8 = 5;
const LOST: u8 = 6;

#[cfg(test)]
mod tests;
