//! Where the media lies: in memory, in a folder, in an object store. Names come from the library and never leave their place.
//!
//! Writing never holds up the channel: objects are read from memory until a task of its own has written them, in order, each at
//! most three times.

mod backend;
mod folder;
mod growing;
mod objects;
mod place;
mod queue;
#[cfg(feature = "s3")]
mod s3;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    archive::{Append, AssetName, Growth, Object, ObjectName, Recovered},
    media::Body,
};
use tokio::sync::watch;

pub(crate) use self::place::{Place, place};
use self::{
    backend::Backend,
    growing::Growing,
    queue::{Queue, Write},
};

/// Objects by name.
#[derive(Clone, Debug)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` where everything is in memory.
    backend: Option<Backend>,
    memory: Mutex<BTreeMap<ObjectName, Body>>,
    growing: Mutex<Growing>,
    /// Assets that stay in memory, whatever the place.
    passing: Mutex<BTreeSet<AssetName>>,
    queue: Mutex<Queue>,
    /// Says that something came to wait.
    more: watch::Sender<()>,
    /// Whether everything is written, or was tried often enough.
    is_settled: watch::Sender<bool>,
}

impl Store {
    /// The store in this place.
    pub(crate) fn open(place: &Place) -> io::Result<Self> {
        let (more, is_settled) = (watch::Sender::new(()), watch::Sender::new(true));
        let backend = place.open()?;
        Ok(Self(Arc::new(Inner {
            backend,
            memory: Mutex::default(),
            growing: Mutex::default(),
            passing: Mutex::default(),
            queue: Mutex::default(),
            more,
            is_settled,
        })))
    }

    /// Starts the task that writes; it goes on for as long as the process does.
    pub(crate) fn start(&self) {
        if self.is_kept() {
            tokio::spawn(write_all(Arc::clone(&self.0)));
        }
    }

    /// Whether what is stored outlives the process.
    pub(crate) fn is_kept(&self) -> bool {
        self.0.backend.is_some()
    }

    /// Keeps an asset in memory, until it is [forgotten](Self::forget): it is not worth writing.
    pub(crate) fn hold(&self, asset: AssetName) {
        self.0.passing().insert(asset);
    }

    /// Keeps more of a fragment that is not whole.
    pub(crate) fn grow(&self, growth: Growth) {
        self.0.growing().grow(growth);
    }

    pub(crate) fn put(&self, object: Object) {
        let name = object.name.clone();
        self.put_whole(object);
        self.0.growing().forget(&name);
    }

    fn put_whole(&self, object: Object) {
        if self.is_written(&object.name) {
            self.enqueue(|queue| queue.store(object));
        } else {
            self.0.memory().insert(object.name, object.body);
        }
    }

    /// In memory nobody reads an index.
    pub(crate) fn append(&self, append: &Append) {
        if self.is_written(&append.name) {
            self.enqueue(|queue| queue.append(append));
        }
    }

    pub(crate) fn discard(&self, name: &ObjectName) {
        if self.is_written(name) {
            self.enqueue(|queue| queue.remove(name));
        } else {
            self.0.memory().remove(name);
        }
    }

    /// Stores a small record of the host's own.
    pub(crate) fn record(&self, name: &'static str, bytes: Bytes) {
        if self.is_kept() {
            self.enqueue(|queue| queue.record(name, bytes));
        }
    }

    pub(crate) async fn read(&self, name: &ObjectName) -> Option<Body> {
        // Looked for first: it goes once the whole is there.
        let growing = self.0.growing().get(name);
        let Some(backend) = self.0.backend.as_ref().filter(|_| self.is_written(name)) else {
            return self.0.memory().get(name).cloned().or(growing);
        };
        let held = self.0.queue().held(name).or(growing);
        match held {
            Some(body) => Some(body),
            None => backend.read(name.as_str()).await.ok().flatten().map(Body::from),
        }
    }

    /// A record of the host's own.
    pub(crate) async fn read_record(&self, name: &str) -> io::Result<Option<Bytes>> {
        match &self.0.backend {
            Some(backend) => backend.read(name).await,
            None => Ok(None),
        }
    }

    /// Everything that may be an asset, by its name, in their order.
    pub(crate) async fn assets(&self) -> io::Result<Vec<AssetName>> {
        let Some(backend) = &self.0.backend else { return Ok(Vec::new()) };
        Ok(backend.list("").await?.folders.iter().filter_map(|name| AssetName::new(name)).collect())
    }

    /// The pages of an asset's index, in order; none where there is no index.
    pub(crate) async fn pages(&self, asset: &AssetName) -> io::Result<Vec<(u64, Bytes)>> {
        let Some(backend) = &self.0.backend else { return Ok(Vec::new()) };
        let mut pages = Vec::new();
        for file in backend.list(&format!("{asset}/index")).await?.objects {
            let Some(number) = ObjectName::page_number(&file) else { continue };
            let name = ObjectName::index_page(asset, number);
            pages.extend(backend.read(name.as_str()).await?.map(|page| (number, page)));
        }
        pages.sort_by_key(|(number, _)| *number);
        Ok(pages)
    }

    /// Fragments that an asset lists and that are not there: what was refused or waited when the process ended.
    pub(crate) async fn absent(&self, recovered: &Recovered) -> io::Result<Vec<ObjectName>> {
        let Some(backend) = &self.0.backend else { return Ok(Vec::new()) };
        let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut absent = Vec::new();
        for name in recovered.objects() {
            let Some((folder, file)) = name.as_str().rsplit_once('/').filter(|(_, file)| file.ends_with(".m4s")) else {
                continue;
            };
            if !folders.contains_key(folder) {
                let there = backend.list(folder).await?.objects.into_iter().collect();
                folders.insert(folder.into(), there);
            }
            if !folders.get(folder).is_some_and(|there| there.contains(file)) {
                absent.push(name);
            }
        }
        Ok(absent)
    }

    /// The last page of an index that is going to be written on.
    pub(crate) fn know(&self, name: ObjectName, page: &[u8]) {
        self.0.queue().know(name, page);
    }

    /// Nothing of an asset grows any more.
    pub(crate) fn end(&self, asset: &AssetName) {
        self.0.growing().end(asset);
    }

    /// Gives the memory of an asset back; what is kept stays.
    pub(crate) fn forget(&self, asset: &AssetName) {
        self.end(asset);
        self.0.memory().retain(|name, _| of(name) != asset.as_str());
        self.0.passing().remove(asset);
    }

    /// Objects that the backend refused, or that had to be given up; always none in memory.
    pub(crate) fn unwritten(&self) -> usize {
        self.0.queue().unwritten()
    }

    /// Objects that had to be given up since the last time: players cannot have them any more.
    pub(crate) fn take_lost(&self) -> Vec<ObjectName> {
        self.0.queue().take_lost()
    }

    /// Writes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.queue().len()
    }

    /// Waits until everything is written, or was tried often enough.
    pub(crate) async fn settled(&self) {
        // The sender lives as long as the store.
        let _ = self.0.is_settled.subscribe().wait_for(|is_settled| *is_settled).await;
    }

    pub(crate) fn is_settled(&self) -> bool {
        *self.0.is_settled.borrow()
    }

    /// Whether an object goes to the backend.
    fn is_written(&self, name: &ObjectName) -> bool {
        self.is_kept() && !self.0.passing().iter().any(|asset| asset.as_str() == of(name))
    }

    fn enqueue(&self, put: impl FnOnce(&mut Queue)) {
        let mut queue = self.0.queue();
        put(&mut queue);
        self.0.is_settled.send_replace(false);
        drop(queue);
        self.0.more.send_replace(());
    }
}

impl Inner {
    fn memory(&self) -> MutexGuard<'_, BTreeMap<ObjectName, Body>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn growing(&self) -> MutexGuard<'_, Growing> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passing(&self) -> MutexGuard<'_, BTreeSet<AssetName>> {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The asset that an object is of.
fn of(name: &ObjectName) -> &str {
    name.as_str().split('/').next().unwrap_or_default()
}

/// Pauses before a write is tried again; then it is given up.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

async fn write_all(store: Arc<Inner>) {
    let Some(backend) = &store.backend else { return };
    let mut more = store.more.subscribe();
    loop {
        let next = {
            let mut queue = store.queue();
            let next = queue.next();
            if next.is_none() {
                store.is_settled.send_replace(true);
            }
            next
        };
        let Some((write, page, body)) = next else {
            // The sender is in `store`.
            let _ = more.changed().await;
            continue;
        };
        let mut pauses = PAUSES.iter();
        let written = loop {
            let written = perform(backend, &store, &write, &page, &body).await;
            match (written, pauses.next()) {
                (Err(_), Some(pause)) => tokio::time::sleep(*pause).await,
                (written, _) => break written,
            }
        };
        match written {
            Ok(()) => store.queue().done(write),
            Err(error) => {
                eprintln!("live: {write} could not be written: {error}; it stays in memory for now");
                store.queue().refused(write);
            }
        }
    }
}

async fn perform(backend: &Backend, store: &Inner, write: &Write, page: &Bytes, body: &Body) -> io::Result<()> {
    match write {
        Write::Store(name) => backend.put(name.as_str(), body).await,
        Write::Grow(name, _) => {
            let at = store.queue().written(name);
            backend.grow(name.as_str(), at, page).await
        }
        Write::Remove(name) => backend.remove(name.as_str()).await,
        Write::Record(name, _) => backend.put(name, body).await,
    }
}

#[cfg(test)]
mod tests;
