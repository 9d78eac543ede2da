//! What every backend can do. To add one: a variant, its five operations, and a form of `--store` in `place`.

use std::io;

use bytes::Bytes;
use headend::media::Body;

use super::{folder::Folder, objects::Objects};

/// Where objects lie when the process is gone. Names are the library's, or one of our own without a folder.
#[derive(Debug)]
pub(super) enum Backend {
    Folder(Folder),
    Objects(Objects),
}

impl Backend {
    /// Stores a whole object. Nobody ever reads half of it.
    pub(super) async fn put(&self, name: &str, body: &Body) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.put(name, body.clone()).await,
            Self::Objects(objects) => objects.put(name, body).await,
        }
    }

    /// Makes an object be `page`, of which the first `at` bytes are there already.
    pub(super) async fn grow(&self, name: &str, at: usize, page: &Bytes) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.grow(name, at, page.slice(at.min(page.len())..)).await,
            Self::Objects(objects) => objects.put(name, &Body::from(page.clone())).await,
        }
    }

    /// `None` where there is no such object.
    pub(super) async fn read(&self, name: &str) -> io::Result<Option<Bytes>> {
        match self {
            Self::Folder(folder) => folder.read(name).await,
            Self::Objects(objects) => objects.read(name).await,
        }
    }

    /// One that is not there is removed, too.
    pub(super) async fn remove(&self, name: &str) -> io::Result<()> {
        match self {
            Self::Folder(folder) => folder.remove(name).await,
            Self::Objects(objects) => objects.remove(name).await,
        }
    }

    /// What is directly in a folder; in the top one where its name is empty.
    pub(super) async fn list(&self, folder: &str) -> io::Result<Listed> {
        let mut listed = match self {
            Self::Folder(files) => files.list(folder).await?,
            Self::Objects(objects) => objects.list(folder).await?,
        };
        listed.folders.sort();
        listed.objects.sort();
        Ok(listed)
    }
}

/// The last parts of names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) folders: Vec<String>,
    pub(super) objects: Vec<String>,
}
