//! Where the media lies: in memory, or in a folder. Names come from the library and never leave the folder.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, IoSlice, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use headend::{
    archive::{AssetName, Object, ObjectName},
    media::Body,
};
use tokio::task;

/// Immutable objects by name.
#[derive(Debug)]
pub(crate) struct Store {
    /// Everything, where there is no folder; else what could not be written to it.
    memory: Mutex<BTreeMap<ObjectName, Body>>,
    folder: Option<PathBuf>,
}

impl Store {
    /// A store in this folder, which is made where it is missing; without one, in memory.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
        }
        Ok(Self { memory: Mutex::default(), folder: folder.map(Path::to_owned) })
    }

    /// Stores an object. When the folder refuses it twice, it stays in memory, so that players go on.
    ///
    /// # Errors
    /// The folder's error; the object can be read all the same.
    pub(crate) async fn put(&self, object: Object) -> io::Result<()> {
        let Some(path) = self.path(&object.name) else {
            self.lock().insert(object.name, object.body);
            return Ok(());
        };
        let body = object.body.clone();
        let written = task::spawn_blocking(move || write(&path, &body).or_else(|_| write(&path, &body))).await;
        let written = written.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        if written.is_err() {
            let mut memory = self.lock();
            if memory.len() == UNWRITTEN {
                memory.pop_first();
            }
            memory.insert(object.name, object.body);
        }
        written
    }

    pub(crate) async fn read(&self, name: &ObjectName) -> Option<Body> {
        let held = self.lock().get(name).cloned();
        match (held, self.path(name)) {
            (None, Some(path)) => tokio::fs::read(path).await.ok().map(|bytes| Body::from(Bytes::from(bytes))),
            (held, _) => held,
        }
    }

    pub(crate) async fn discard(&self, name: &ObjectName) {
        self.lock().remove(name);
        if let Some(path) = self.path(name) {
            // Nobody lists it any more: one that stays costs its space and nothing else.
            let _ = tokio::fs::remove_file(path).await;
        }
    }

    /// Gives the memory of an asset back; a folder keeps its files.
    pub(crate) fn forget(&self, asset: &AssetName) {
        self.lock().retain(|name, _| name.as_str().split('/').next() != Some(asset.as_str()));
    }

    /// Objects that the folder refused and that live in memory alone; always none without a folder.
    pub(crate) fn unwritten(&self) -> usize {
        self.folder.as_ref().map_or(0, |_| self.lock().len())
    }

    fn path(&self, name: &ObjectName) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(name.as_str()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectName, Body>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Objects that wait in memory for nothing better, where the folder refuses them.
const UNWRITTEN: usize = 256;

/// Writes under another name first, so that nobody ever reads half an object.
fn write(path: &Path, body: &Body) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    let mut file = fs::File::create(&part)?;
    let mut slices: Vec<IoSlice<'_>> = body.parts().iter().map(|part| IoSlice::new(part)).collect();
    let mut left = slices.as_mut_slice();
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    fs::rename(part, path)
}
