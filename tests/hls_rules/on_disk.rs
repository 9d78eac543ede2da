//! Playlists of anybody on disk: `HLS_URLS=folder cargo test --test hls_rules on_disk`.
//!
//! Each playlist below the folder is checked by itself; a multivariant playlist with those that it leads to, as far as they are
//! there, and with the sizes of the segments that are; and `name.2.m3u8` as what `name.1.m3u8` became.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    goldens::playlists,
    list::{self, Complaint, Facts, Set, lines::Document, media::Media},
};

#[test]
fn on_disk() {
    let Some(folder) = env::var_os("HLS_URLS") else {
        println!("skipped: HLS_URLS names no folder");
        return;
    };
    let files = playlists(PathBuf::from(folder));
    assert!(!files.is_empty(), "no playlist is there");
    let mut wrong = String::new();
    for file in &files {
        let complaints = all(file);
        println!("{}: {} complaints", file.display(), complaints.len());
        if !complaints.is_empty() {
            wrong += &format!("{}\n{}", file.display(), list::told(&complaints));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn all(file: &Path) -> Vec<Complaint> {
    let bytes = fs::read(file).unwrap();
    let mut complaints = list::check(&bytes);
    if let Some(before) = predecessor(file).and_then(|before| fs::read(before).ok()) {
        complaints.extend(list::check_reload(&before, &bytes));
    }
    if Document::read(&bytes).is_multivariant() {
        let set = set(file, &bytes);
        // What is not in the folder may be elsewhere.
        let is_whole = set.uris().iter().all(|uri| set.playlists.contains_key(*uri));
        complaints.extend(list::check_set(&set).into_iter().filter(|one| is_whole || one.rule != "set.media"));
    }
    complaints
}

/// `name.1.m3u8` of `name.2.m3u8`.
fn predecessor(file: &Path) -> Option<PathBuf> {
    let stem = file.file_stem()?.to_str()?;
    let (name, number) = stem.rsplit_once('.')?;
    let before = number.parse::<u64>().ok()?.checked_sub(1)?;
    Some(file.with_file_name(format!("{name}.{before}.m3u8")))
}

/// Without those that are not there: they may be elsewhere.
fn set(file: &Path, bytes: &[u8]) -> Set {
    let mut set = Set::new(bytes);
    let uris: Vec<String> = set.uris().into_iter().map(String::from).collect();
    for uri in uris {
        let path = beside(file, &uri);
        match fs::read(&path) {
            Ok(bytes) => set.add(&uri, &bytes, facts(&path, &bytes)),
            Err(error) => println!("{}: {error}", path.display()),
        }
    }
    set
}

fn beside(file: &Path, uri: &str) -> PathBuf {
    file.with_file_name(uri.split(['?', '#']).next().unwrap_or(uri))
}

/// The sizes of all segments, where all are there and none is a range.
fn facts(file: &Path, bytes: &[u8]) -> Option<Facts> {
    let media = Media::read(&Document::read(bytes));
    let size = |segment: &list::media::Segment| match segment.byte_range {
        None => fs::metadata(beside(file, &segment.uri)).ok().map(|file| file.len()),
        Some(_) => None,
    };
    let bytes = media.segments.iter().map(size).collect::<Option<Vec<u64>>>()?;
    Some(Facts { bytes, ..Facts::default() })
}
