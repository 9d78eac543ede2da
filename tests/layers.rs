//! The picture of ARCHITECTURE.md: imports point down only, and rooms on a row do not know each other.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that reads the source tree")]

use std::{collections::BTreeMap, fs, path::Path};

/// Rooms from the top down; what stands in one row must not import its neighbours.
const ROWS: [&[&str]; 6] = [
    &["account"],
    &["channel", "origin"],
    &["ingest", "ladder", "splice", "archive", "package", "protect"],
    &["wire", "codec"],
    &["media"],
    &["time", "bits", "error", "access"],
];

/// Neighbours that may know each other all the same, each with its reason.
const ALLOWED: [(&str, &str); 1] = [
    // The packagers render the archive's timeline: DESIGN calls it the one thing that they share.
    ("package", "archive"),
];

/// Packagers never import each other; what they share is the timeline that they render.
const PACKAGERS: [&str; 4] = ["hls", "dash", "smooth", "hds"];

fn row_of(room: &str) -> usize {
    ROWS.iter().position(|row| row.contains(&room)).unwrap_or_else(|| panic!("the room {room} is not in the picture"))
}

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn room_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Every path below `crate::` that a file names, imports spelled out: `crate::a::{b, c::d}` gives `a::b` and `a::c::d`.
fn imports(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with("pub(in ") {
            expand("", &code[at + "crate::".len()..], &mut found);
        }
    }
    found
}

/// Reads one `use` tree from the start of `text`; returns how many bytes it took.
fn expand(prefix: &str, text: &str, found: &mut Vec<String>) -> usize {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
    let mut at = word.len();
    if !text[at..].starts_with('{') {
        if !word.is_empty() {
            found.push(format!("{prefix}{word}"));
        }
        return at;
    }
    let inner = format!("{prefix}{word}");
    at += 1;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
        if at >= text.len() || text[at..].starts_with('}') {
            return at + 1;
        }
        let took = expand(&inner, &text[at..], found);
        at += took.max(1);
    }
}

#[test]
fn imports_point_down() {
    let mut upward = Vec::new();
    for (file, text) in sources() {
        let room = room_of(&file);
        if room == "lib" {
            continue;
        }
        for import in imports(&text) {
            let target = import.split("::").next().unwrap();
            let is_down = target == room || row_of(target) > row_of(room) || ALLOWED.contains(&(room, target));
            if !is_down {
                upward.push(format!("src/{file} imports crate::{import}"));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn packagers_do_not_know_each_other() {
    for (file, text) in sources() {
        let Some(own) = PACKAGERS.into_iter().find(|p| file.starts_with(&format!("package/{p}"))) else { continue };
        for import in imports(&text) {
            for other in PACKAGERS.into_iter().filter(|other| *other != own) {
                assert!(!import.starts_with(&format!("package::{other}")), "src/{file} imports crate::{import}");
            }
        }
    }
}

#[test]
fn nothing_is_deeper_than_two_folders_and_unsafe_stays_in_codec_backends() {
    for (file, text) in sources() {
        // A file's long tests stand in a folder named after it.
        let depth = file.trim_end_matches("/tests.rs").matches('/').count();
        assert!(depth <= 2, "src/{file}");
        let is_backend =
            ["openh264_", "aac_encoder", "ffmpeg_"].iter().any(|own| file.starts_with(&format!("ladder/{own}")));
        assert!(is_backend || !text.contains("allow(unsafe_code"), "src/{file} allows unsafe code");
    }
}

#[test]
fn use_trees_are_read_whole() {
    let text = "use crate::{\n    media::{Frame, Track},\n    time::Now,\n};\nfn f() { crate::error::Fault::code() }";
    assert_eq!(imports(text), ["media::Frame", "media::Track", "time::Now", "error::Fault::code"]);
}
