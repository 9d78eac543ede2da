//! What `--store` says: where the media is to lie.

use std::{fmt, io, path::PathBuf, sync::Arc};

use object_store::{local::LocalFileSystem, memory::InMemory};

use super::{backend::Backend, folder::Folder, objects::Objects};

/// A place for media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In this process alone.
    Memory,
    /// A folder of files.
    Folder(PathBuf),
    /// An object store over a folder, or in memory without one: what S3 does, without a network.
    Objects(Option<PathBuf>),
    /// A bucket of a store that speaks S3, and what names begin with in it.
    S3 { bucket: String, prefix: String },
}

/// `--store` as a place.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    let folder = |path: &str| PathBuf::from(path.strip_prefix("//").unwrap_or(path));
    match text.split_once(':') {
        Some(("memory", "")) => Ok(Place::Memory),
        Some(("file", path)) if !path.is_empty() => Ok(Place::Folder(folder(path))),
        Some(("objects", "")) => Ok(Place::Objects(None)),
        Some(("objects", path)) => Ok(Place::Objects(Some(folder(path)))),
        Some(("s3", rest)) => {
            let rest = rest.strip_prefix("//").unwrap_or_default().trim_end_matches('/');
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err("write s3://BUCKET or s3://BUCKET/PREFIX".into());
            }
            Ok(Place::S3 { bucket: bucket.into(), prefix: prefix.into() })
        }
        // One letter is a drive.
        Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_lowercase()) => Err(format!(
            "there is no store {scheme}: memory:, a folder, file:FOLDER, objects:FOLDER or s3://BUCKET/PREFIX"
        )),
        _ if text.is_empty() => Err("write memory:, a folder or s3://BUCKET/PREFIX".into()),
        _ => Ok(Place::Folder(text.into())),
    }
}

impl Place {
    /// The backend of this place; `None` for memory. A folder is made where it is missing.
    pub(super) fn open(&self) -> io::Result<Option<Backend>> {
        Ok(Some(match self {
            Self::Memory => return Ok(None),
            Self::Folder(folder) => Backend::Folder(Folder::open(folder)?),
            Self::Objects(None) => Backend::Objects(Objects::new(Arc::new(InMemory::new()), "")),
            Self::Objects(Some(folder)) => {
                std::fs::create_dir_all(folder)?;
                let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
                Backend::Objects(Objects::new(Arc::new(store), ""))
            }
            Self::S3 { bucket, prefix } => Backend::Objects(s3(bucket, prefix)?),
        }))
    }
}

#[cfg(feature = "s3")]
use super::s3::open as s3;

#[cfg(not(feature = "s3"))]
fn s3(_: &str, _: &str) -> io::Result<Objects> {
    Err(io::Error::other("this build has no S3: build it with --features s3"))
}

/// As a flag has it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Objects(folder) => write!(f, "objects:{}", folder.as_deref().unwrap_or("".as_ref()).display()),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_what_people_write() {
        let folder = |path: &str| Ok(Place::Folder(path.into()));
        assert_eq!(place("memory:"), Ok(Place::Memory));
        assert_eq!(place("/srv/media"), folder("/srv/media"));
        assert_eq!(place("file:/srv/media"), folder("/srv/media"));
        assert_eq!(place("file:///srv/media"), folder("/srv/media"));
        assert_eq!(place("media"), folder("media"));
        assert_eq!(place("C:\\media"), folder("C:\\media"));
        let s3 = |bucket: &str, prefix: &str| Ok(Place::S3 { bucket: bucket.into(), prefix: prefix.into() });
        assert_eq!(place("s3://media"), s3("media", ""));
        assert_eq!(place("s3://media/live/one/"), s3("media", "live/one"));
        assert_eq!(place("objects:"), Ok(Place::Objects(None)));
        for bad in ["", "s3:", "s3:///x", "ftp://host/x"] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }
}
