//! A folder of files.
//!
//! Nothing is synced to the disk by force. A process that is killed loses nothing that it wrote; a machine that loses its power
//! may lose the last seconds, and then the checksums of the index say how far it is whole. That is cheaper than waiting for the
//! disk with every segment of every rung.

use std::{
    fs,
    io::{self, ErrorKind, IoSlice, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use headend::media::Body;
use tokio::task;

use super::backend::Listed;

#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// It is made where it is missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.to_owned()))
    }

    pub(super) async fn put(&self, name: &str, body: Body) -> io::Result<()> {
        let path = self.0.join(name);
        blocking(move || write(&path, &body)).await
    }

    /// Cuts the file to `at` bytes, which it has, and adds more: what a write that was cut off left there is gone.
    pub(super) async fn grow(&self, name: &str, at: usize, more: Bytes) -> io::Result<()> {
        let path = self.0.join(name);
        let grow = move || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            let mut file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            if file.metadata()?.len() < at as u64 {
                return Err(io::Error::other("the file is shorter than was written"));
            }
            file.set_len(at as u64)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&more)
        };
        blocking(grow).await
    }

    pub(super) async fn read(&self, name: &str) -> io::Result<Option<Bytes>> {
        found(tokio::fs::read(self.0.join(name)).await.map(Bytes::from))
    }

    pub(super) async fn remove(&self, name: &str) -> io::Result<()> {
        found(tokio::fs::remove_file(self.0.join(name)).await).map(drop)
    }

    pub(super) async fn list(&self, folder: &str) -> io::Result<Listed> {
        let folder = self.0.join(folder);
        let list = move || {
            let mut listed = Listed::default();
            for entry in found(fs::read_dir(folder))?.into_iter().flatten() {
                let entry = entry?;
                let of_kind = if entry.file_type()?.is_dir() { &mut listed.folders } else { &mut listed.objects };
                of_kind.push(entry.file_name().to_string_lossy().into_owned());
            }
            Ok(listed)
        };
        blocking(list).await
    }
}

async fn blocking<T: Send + 'static>(run: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    task::spawn_blocking(run).await.unwrap_or_else(|panic| Err(io::Error::other(panic)))
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes under another name first, so that nobody ever reads half an object.
fn write(path: &Path, body: &Body) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let part = path.with_extension("part");
    let mut file = fs::File::create(&part)?;
    let mut slices: Vec<IoSlice<'_>> = body.parts().iter().map(|part| IoSlice::new(part)).collect();
    let mut left = slices.as_mut_slice();
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    fs::rename(part, path)
}
