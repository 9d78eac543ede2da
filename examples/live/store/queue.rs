//! What waits to be written, in order: fragments before the index that lists them, the index before what it no longer lists is
//! removed. Players read from here until it is written, so a store that is slow or fails holds nobody up (FAULTS row 59).

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use bytes::{Bytes, BytesMut};
use headend::{
    archive::{Append, Object, ObjectName},
    media::Body,
};

/// One thing to do in the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// Store the body that is held under this name.
    Store(ObjectName),
    /// Bring a page of an index to this length.
    Grow(ObjectName, usize),
    Remove(ObjectName),
    /// Store a record of the host's own.
    Record(&'static str, Bytes),
}

/// Bodies by name, and what is to be done with them.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Not yet written, refused by the backend, or written a moment ago.
    held: BTreeMap<ObjectName, Body>,
    writes: VecDeque<Write>,
    /// Bytes of what waits.
    waiting: usize,
    /// Written, and held for the many who play at the live edge.
    recent: Held,
    /// Refused, and held so that players go on.
    refused: Held,
    /// Given up: they are nowhere.
    lost: usize,
    /// The newest of them, until they are [asked for](Self::take_lost).
    untold: VecDeque<ObjectName>,
    /// Pages that may still grow, or that are not written to their end.
    pages: BTreeMap<ObjectName, Page>,
}

#[derive(Debug, Default)]
struct Held {
    names: VecDeque<(ObjectName, usize)>,
    bytes: usize,
}

/// A page as it is, and how much of it the backend has.
#[derive(Debug, Default)]
struct Page {
    bytes: BytesMut,
    written: usize,
}

impl Queue {
    /// Bytes that may wait: half a minute of a whole ladder. More, and the oldest are given up.
    const WAITING: usize = 256 << 20;
    /// Bytes that are held although they are written.
    const RECENT: usize = 64 << 20;
    /// Bytes that are held for nothing better, where the backend refuses them.
    const REFUSED: usize = 256 << 20;
    /// Names of what was given up, while nobody asks for them.
    const UNTOLD: usize = 4096;

    pub(super) fn store(&mut self, object: Object) {
        self.waiting += object.body.len();
        self.writes.push_back(Write::Store(object.name.clone()));
        self.held.insert(object.name, object.body);
        while self.waiting > Self::WAITING {
            let Some(at) = self.writes.iter().position(|write| matches!(write, Write::Store(_))) else { return };
            if let Some(Write::Store(name)) = self.writes.remove(at) {
                self.waiting -= self.held.remove(&name).map_or(0, |body| body.len());
                self.lose([name]);
            }
        }
    }

    pub(super) fn append(&mut self, append: &Append) {
        let page = self.pages.entry(append.name.clone()).or_default();
        let at = usize::try_from(append.at).unwrap_or(usize::MAX);
        if page.bytes.is_empty() {
            // It is an earlier run's: the backend has it up to here.
            page.bytes.resize(at, 0);
            page.written = at;
        }
        page.bytes.truncate(at);
        page.written = page.written.min(at);
        page.bytes.extend_from_slice(&append.bytes);
        self.writes.push_back(Write::Grow(append.name.clone(), page.bytes.len()));
    }

    /// A page that an earlier run wrote, as far as it is whole: a backend that cannot append stores it anew.
    pub(super) fn know(&mut self, name: ObjectName, page: &[u8]) {
        self.pages.insert(name, Page { bytes: page.into(), written: page.len() });
    }

    pub(super) fn remove(&mut self, name: &ObjectName) {
        let waits = Write::Store(name.clone());
        if let Some(at) = self.writes.iter().position(|write| *write == waits) {
            self.writes.remove(at);
            self.waiting -= self.held.get(name).map_or(0, Body::len);
        }
        self.held.remove(name);
        self.pages.remove(name);
        self.writes.push_back(Write::Remove(name.clone()));
    }

    pub(super) fn record(&mut self, name: &'static str, bytes: Bytes) {
        self.writes.push_back(Write::Record(name, bytes));
    }

    pub(super) fn held(&self, name: &ObjectName) -> Option<Body> {
        self.held.get(name).cloned()
    }

    /// What is to be done next, and with which bytes; [`done`](Self::done) or [`refused`](Self::refused) say how it went.
    pub(super) fn next(&mut self) -> Option<(Write, Bytes, Body)> {
        let write = self.writes.pop_front()?;
        let (mut page, mut body) = (Bytes::new(), Body::new());
        match &write {
            Write::Store(name) => {
                body = self.held(name).unwrap_or_default();
                self.waiting -= body.len();
            }
            Write::Grow(name, to) => {
                let bytes = self.pages.get(name).map_or(&[][..], |page| &page.bytes);
                page = Bytes::copy_from_slice(bytes.get(..*to).unwrap_or(bytes));
            }
            Write::Remove(_) => {}
            Write::Record(_, bytes) => body = Body::from(bytes.clone()),
        }
        Some((write, page, body))
    }

    /// How much of a page the backend has.
    pub(super) fn written(&self, name: &ObjectName) -> usize {
        self.pages.get(name).map_or(0, |page| page.written)
    }

    pub(super) fn done(&mut self, write: Write) {
        match write {
            Write::Store(name) => {
                let len = self.held.get(&name).map_or(0, Body::len);
                self.recent.push(name, len, Self::RECENT, &mut self.held);
            }
            Write::Grow(name, to) => {
                if let Some(page) = self.pages.get_mut(&name) {
                    page.written = to.min(page.bytes.len());
                }
                let newest = self.pages.keys().rfind(|other| folder(other) == folder(&name)).cloned();
                self.pages.retain(|other, page| {
                    folder(other) != folder(&name) || newest.as_ref() == Some(other) || page.written < page.bytes.len()
                });
            }
            Write::Remove(_) | Write::Record(..) => {}
        }
    }

    /// The backend does not take it. A page is written further with the next of its segments.
    pub(super) fn refused(&mut self, write: Write) {
        if let Write::Store(name) = write
            && let Some(len) = self.held.get(&name).map(Body::len)
        {
            let forgotten = self.refused.push(name, len, Self::REFUSED, &mut self.held);
            self.lose(forgotten);
        }
    }

    fn lose(&mut self, names: impl IntoIterator<Item = ObjectName>) {
        for name in names {
            self.lost += 1;
            self.untold.push_back(name);
            while self.untold.len() > Self::UNTOLD {
                self.untold.pop_front();
            }
        }
    }

    /// What was given up since the last time: nobody has it any more.
    pub(super) fn take_lost(&mut self) -> Vec<ObjectName> {
        self.untold.drain(..).collect()
    }

    /// Writes that wait.
    pub(super) fn len(&self) -> usize {
        self.writes.len()
    }

    /// Objects that the backend does not have: refused, or given up.
    pub(super) fn unwritten(&self) -> usize {
        self.refused.names.iter().filter(|(name, _)| self.held.contains_key(name)).count() + self.lost
    }
}

impl Held {
    /// Adds one; those that do not fit any more are forgotten. Which of these were there still.
    fn push(
        &mut self,
        name: ObjectName,
        len: usize,
        most: usize,
        held: &mut BTreeMap<ObjectName, Body>,
    ) -> Vec<ObjectName> {
        self.names.push_back((name, len));
        self.bytes += len;
        let mut forgotten = Vec::new();
        while self.bytes > most
            && let Some((name, len)) = self.names.pop_front()
        {
            self.bytes -= len;
            if held.remove(&name).is_some() {
                forgotten.push(name);
            }
        }
        forgotten
    }
}

/// The object's name.
impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(name) | Self::Grow(name, _) | Self::Remove(name) => name.fmt(f),
            Self::Record(name, _) => f.write_str(name),
        }
    }
}

/// The asset and the track, or `index`, of a name.
pub(super) fn folder(name: &ObjectName) -> &str {
    name.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}
