//! An object store: S3 and whatever speaks like it. It knows no append, and so a page of an index is stored whole each time, some
//! kilobytes with every segment.

use std::{io, sync::Arc};

use bytes::Bytes;
use headend::media::Body;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutPayload, path::Path};

use super::backend::Listed;

#[derive(Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Objects {
    /// Names in `store` begin with `prefix`.
    pub(super) fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        Self { store, prefix: Path::from(prefix) }
    }

    pub(super) async fn put(&self, name: &str, body: &Body) -> io::Result<()> {
        let payload: PutPayload = body.parts().iter().cloned().collect();
        self.store.put(&self.path(name), payload).await.map(drop).map_err(io::Error::other)
    }

    pub(super) async fn read(&self, name: &str) -> io::Result<Option<Bytes>> {
        match self.store.get(&self.path(name)).await {
            Ok(object) => object.bytes().await.map(Some).map_err(io::Error::other),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    pub(super) async fn remove(&self, name: &str) -> io::Result<()> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    pub(super) async fn list(&self, folder: &str) -> io::Result<Listed> {
        let listed = self.store.list_with_delimiter(Some(&self.path(folder))).await.map_err(io::Error::other)?;
        let last = |path: &Path| path.filename().map(str::to_owned);
        Ok(Listed {
            folders: listed.common_prefixes.iter().filter_map(last).collect(),
            objects: listed.objects.iter().filter_map(|object| last(&object.location)).collect(),
        })
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), |path, part| path.join(part))
    }
}
