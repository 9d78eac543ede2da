//! What viewers reach: the gate, the origin, and the store behind it. Filled in order, so that nothing is listed before it is stored.

use std::{
    io,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use headend::{
    archive::{
        Append, Asset, AssetName, AssetOutput, Growth, Object, ObjectName, Recovered, TimelineChange, TimelineUpdate,
    },
    channel::Event,
    media::Bitrates,
    origin::{Admission, Caller, Growing, Grown, Method, Origin, OriginConfig, PublishError, Reply, Request, Response},
    time::{MediaDuration, Now},
};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    clock::Clock,
    events::{Events, Note},
    gate::Gate,
    locators::Locators,
    preview::Preview,
    programs::Published,
    store::Store,
};

/// An origin with its store, and the gate before it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    gate: Gate,
    origin: RwLock<Origin>,
    store: Store,
    locators: Locators,
    /// Which has rules of its own and is not behind the gate.
    preview: OnceLock<Preview>,
    /// The store is slower than the channel: nobody waits for it until it has caught up.
    is_behind: AtomicBool,
    /// Says that a timeline changed.
    grown: watch::Sender<()>,
    /// A place for each request that waits for the next fragment.
    parked: Semaphore,
}

/// What a request gets.
#[derive(Debug)]
pub(crate) enum Answer {
    Whole(Response),
    /// The head of an answer, whose body is asked for [piece by piece](Endpoint::more_of), and whether its bytes are the viewers'.
    Growing(Growing, bool),
}

/// Requests that may wait for a fragment at a time; one more is told that it is not ready.
const PARKED: usize = 16_384;

/// How long players are not told of a segment that is not written yet. Were the process killed meanwhile, another segment would
/// come under its number.
const TO_WRITE: Duration = Duration::from_secs(1);

/// What the channel wants kept, in the order in which it said so.
#[derive(Debug)]
pub(crate) enum Filing {
    Grow(Growth),
    Store(Object),
    Append(Append),
    Discard(ObjectName),
    Timeline(TimelineUpdate),
    Event(Event, Now),
    Note(Note, Now),
    Forget(Published),
}

impl Endpoint {
    pub(crate) fn new(gate: Gate, store: Store) -> Self {
        let origin = RwLock::new(Origin::new(OriginConfig::default()));
        store.start();
        Self {
            gate,
            origin,
            store,
            locators: Locators::default(),
            preview: OnceLock::new(),
            is_behind: AtomicBool::new(false),
            grown: watch::Sender::new(()),
            parked: Semaphore::new(PARKED),
        }
    }

    /// Puts an asset under a locator, and writes that down.
    pub(crate) fn publish(&self, locator: &str, asset: &AssetName, manifest: &str) -> Result<(), PublishError> {
        self.republish(locator, asset, manifest)?;
        self.store.record(Locators::FILE, self.locators.add(locator, asset, manifest));
        Ok(())
    }

    /// The same of what is written down already.
    pub(crate) fn republish(&self, locator: &str, asset: &AssetName, manifest: &str) -> Result<(), PublishError> {
        self.origin.write().unwrap_or_else(PoisonError::into_inner).publish(locator, asset, manifest)
    }

    /// Takes a locator away, and writes that down.
    pub(crate) fn unpublish(&self, locator: &str) {
        self.origin.write().unwrap_or_else(PoisonError::into_inner).unpublish(locator);
        self.store.record(Locators::FILE, self.locators.remove(locator));
    }

    #[cfg(test)]
    pub(crate) fn is_published(&self, locator: &str) -> bool {
        let origin = self.origin.read().unwrap_or_else(PoisonError::into_inner);
        origin.locators().any(|(known, _)| known == locator)
    }

    /// Takes the preview in, under a locator that is written down as it is.
    pub(crate) fn open_preview(&self, preview: Preview, channel: &str) {
        if let Some(recorded) = Preview::recorded(channel) {
            self.store.record(Locators::FILE, self.locators.add(&preview.locator, &recorded, channel));
        }
        // It is taken in once.
        let _ = self.preview.set(preview);
    }

    pub(crate) fn preview(&self) -> Option<&Preview> {
        self.preview.get()
    }

    pub(crate) const fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) const fn locators(&self) -> &Locators {
        &self.locators
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Tells the origin; says so where it does not fit.
    pub(crate) fn apply(&self, update: &TimelineUpdate) {
        if let Err(error) = self.origin.write().unwrap_or_else(PoisonError::into_inner).apply(update) {
            eprintln!("live: the origin refused an update: {error}");
        }
        self.grown.send_replace(());
    }

    /// Ends an asset that nobody goes on with: from here on it is on demand.
    pub(crate) fn end(&self, recovered: &Recovered) {
        let mut asset = Asset::reopen(recovered);
        asset.end();
        while let Some(output) = asset.pull() {
            match output {
                AssetOutput::Grow(growth) => self.store.grow(growth),
                AssetOutput::Store(object) => self.store.put(object),
                AssetOutput::Append(append) => self.store.append(&append),
                AssetOutput::Discard(name) => self.store.discard(&name),
                AssetOutput::Update(update) => self.apply(&update),
            }
        }
    }

    /// Answers a request for a manifest or for media; `None` where the library asks for what this host does not know.
    pub(crate) async fn answer(&self, request: &Request<'_>, caller: &Caller<'_>, clock: &Clock) -> Option<Answer> {
        if let Some(preview) = self.preview.get().filter(|preview| preview.is_asked_for(request)) {
            return match preview.refusal(request, caller.address) {
                Some(refusal) => Some(Answer::Whole(refusal)),
                // Its bytes are not the viewers'.
                None => self.answer_of_origin(request, clock).await,
            };
        }
        let send = |answer| self.gate.send(answer, request.method, clock.now());
        match self.gate.admit(request, caller, clock.now()) {
            Admission::Answer(answer) => Some(Answer::Whole(answer)),
            Admission::Origin => Some(match self.answer_of_origin(request, clock).await? {
                Answer::Whole(answer) => Answer::Whole(send(answer)),
                Answer::Growing(mut growing, _) => {
                    growing.response = send(growing.response);
                    match growing.response.status {
                        200 => Answer::Growing(growing, true),
                        _ => Answer::Whole(growing.response),
                    }
                }
            }),
        }
    }

    /// What comes next of a fragment that is sent while it grows; `None` where it is whole, and an error where it never will be.
    pub(crate) async fn more_of(
        &self,
        (growing, is_of_viewers): (&mut Growing, bool),
        clock: &Clock,
    ) -> Option<io::Result<Bytes>> {
        let mut grown = self.grown.subscribe();
        let lost = || Some(Err(io::Error::other("the fragment does not become whole")));
        loop {
            let next = self.origin.read().unwrap_or_else(PoisonError::into_inner).grow(growing);
            match next {
                Grown::More(name, range) => {
                    let Some(bytes) = self.store.read(&name).await.and_then(|body| body.cut(range)) else {
                        return lost();
                    };
                    if is_of_viewers {
                        self.gate.send_more(&growing.response, bytes.len(), clock.now());
                    }
                    return Some(Ok(bytes));
                }
                Grown::Whole => return None,
                Grown::Lost => return lost(),
                Grown::Later => match tokio::time::timeout(growing.patience, grown.changed()).await {
                    Ok(Ok(())) => {}
                    _ => return lost(),
                },
            }
        }
    }

    async fn answer_of_origin(&self, request: &Request<'_>, clock: &Clock) -> Option<Answer> {
        let mut grown = self.grown.subscribe();
        match self.handle(request, clock.now()) {
            Reply::Wait(wait) => {
                let Ok(_permit) = self.parked.try_acquire() else { return Some(Answer::Whole(wait.otherwise)) };
                let left = wait.until.saturating_sub(clock.now().monotonic);
                let come = tokio::time::timeout(left, async {
                    while grown.changed().await.is_ok() {
                        match self.handle(request, clock.now()) {
                            Reply::Wait(_) => {}
                            reply => return self.fulfilled(reply).await,
                        }
                    }
                    None
                });
                come.await.unwrap_or(Some(Answer::Whole(wait.otherwise)))
            }
            reply => self.fulfilled(reply).await,
        }
    }

    /// Whether what this manifest would list can be had in its format at all.
    pub(crate) fn can_have(&self, manifest: &str, clock: &Clock) -> bool {
        let asked = Request { method: Method::Head, path: manifest, query: None, if_none_match: None, range: None };
        !matches!(self.handle(&asked, clock.now()), Reply::Response(answer) if answer.status == 415)
    }

    fn handle(&self, request: &Request<'_>, now: Now) -> Reply {
        self.origin.read().unwrap_or_else(PoisonError::into_inner).handle(request, now)
    }

    async fn fulfilled(&self, reply: Reply) -> Option<Answer> {
        match reply {
            Reply::Response(response) => Some(Answer::Whole(response)),
            Reply::Growing(growing) => Some(Answer::Growing(growing, false)),
            Reply::Need(need) => {
                let mut objects = Vec::new();
                for name in need.names() {
                    objects.push(self.store.read(name).await);
                }
                Some(Answer::Whole(need.fulfil(objects)))
            }
            _ => None,
        }
    }

    /// The measured bit rate of each rendition of an asset.
    pub(crate) fn measured(&self, asset: &AssetName) -> Vec<Bitrates> {
        let origin = self.origin.read().unwrap_or_else(PoisonError::into_inner);
        origin.timeline(asset).map_or_else(Default::default, |timeline| {
            let tracks = 0..timeline.presentation().tracks.len();
            tracks.map(|track| timeline.bitrates(track)).collect()
        })
    }

    /// Segments that an asset holds, and how long they are in all.
    pub(crate) fn held(&self, asset: &AssetName) -> (usize, MediaDuration) {
        let origin = self.origin.read().unwrap_or_else(PoisonError::into_inner);
        origin.timeline(asset).map_or_else(Default::default, |timeline| {
            let span = timeline.first().zip(timeline.last()).map(|(first, last)| last.end().since(first.start));
            (timeline.segments().len(), span.unwrap_or_default())
        })
    }

    /// Starts the task that files what the channel hands out; it ends when the sender is dropped and all is stored.
    pub(crate) fn start_filing(
        self: Arc<Self>,
        events: Arc<Events>,
        channel: Arc<str>,
    ) -> (mpsc::Sender<Filing>, JoinHandle<()>) {
        // Some segments of a whole ladder: a disk may be slow for that long before the channel waits for it.
        let (sender, mut filings) = mpsc::channel(512);
        let task = tokio::spawn(async move {
            while let Some(filing) = filings.recv().await {
                self.file(filing, &events, &channel).await;
            }
        });
        (sender, task)
    }

    async fn file(&self, filing: Filing, events: &Events, channel: &str) {
        match filing {
            Filing::Grow(growth) => self.store.grow(growth),
            Filing::Store(object) => self.store.put(object),
            Filing::Append(append) => self.store.append(&append),
            Filing::Discard(name) => self.store.discard(&name),
            Filing::Timeline(update) => {
                // Parts are in memory, and none is missed later.
                if !matches!(update.change, TimelineChange::Parted(_)) {
                    self.wait_for_store().await;
                }
                self.apply(&update);
                if matches!(update.change, TimelineChange::Ended) {
                    self.store.end(&update.asset);
                }
            }
            Filing::Event(event, now) => {
                if let Event::PreviewStarted { asset } = &event {
                    self.change_preview(asset, channel);
                }
                events.tell(&event, now);
            }
            Filing::Note(note, now) => events.note(note, now),
            // It is on demand from now on.
            Filing::Forget(_) if self.store.is_kept() => {}
            Filing::Forget(Published { asset, locator }) => {
                self.unpublish(&locator);
                self.origin.write().unwrap_or_else(PoisonError::into_inner).forget(&asset);
                self.store.forget(&asset);
            }
        }
    }

    /// The channel is on air again: the preview's URL leads to what it makes now.
    fn change_preview(&self, asset: &AssetName, channel: &str) {
        let Some(preview) = self.preview.get() else { return };
        self.store.hold(asset.clone());
        let before = preview.change(asset);
        let mut origin = self.origin.write().unwrap_or_else(PoisonError::into_inner);
        origin.unpublish(&preview.locator);
        if let Err(error) = origin.publish(&preview.locator, asset, channel) {
            eprintln!("live: {error}");
        }
        if let Some(before) = before {
            origin.forget(&before);
            self.store.forget(&before);
        }
    }

    /// Until everything before is written, or for a moment where the store is slow.
    async fn wait_for_store(&self) {
        if self.store.is_settled() {
            self.is_behind.store(false, Ordering::Relaxed);
        } else if !self.is_behind.load(Ordering::Relaxed) {
            let is_late = tokio::time::timeout(TO_WRITE, self.store.settled()).await.is_err();
            self.is_behind.store(is_late, Ordering::Relaxed);
        }
    }
}
