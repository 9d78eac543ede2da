//! What the benches of the whole ladder share: clips, ffmpeg beside us, and the two ways through the library.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench is a host: it owns files, and stops at trouble; each uses a part of this"
)]

pub mod clip;
pub mod host;
pub mod parts;
pub mod peer;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use headend::archive::Object;

/// CPU-seconds by part, as one process tells them to another: a line `name seconds` each.
pub type Split = BTreeMap<String, f64>;

/// Runs this very program again as one process that does `what` with `clip`, and takes what it prints.
pub fn run_alone(what: &str, clip: &Path) -> Split {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let out = command.arg(what).arg(clip).output().expect("a bench can run itself");
    assert!(out.status.success(), "{what}: {}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().filter_map(|line| line.split_once(' ')).map(|(name, n)| (name.into(), n.parse().unwrap())).collect()
}

/// The other end of [`run_alone`]: does what the arguments ask for, and says whether there was anything.
pub fn is_alone() -> bool {
    let args: Vec<String> = std::env::args().collect();
    let split = match args.get(1).map(String::as_str) {
        Some("parts") => parts::run(Path::new(&args[2])),
        Some("channel") => host::run(Path::new(&args[2])),
        Some("slate") => host::slate(Path::new(&args[2])),
        Some("hidden") => host::hidden(Path::new(&args[2])),
        _ => return false,
    };
    split.iter().for_each(|(name, value)| println!("{name} {value}"));
    true
}

/// A folder that keeps each track as one file: its init segment, then every fragment.
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<String, File>,
}

impl Folder {
    /// An empty folder at `path`.
    pub fn new(path: PathBuf) -> Self {
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self { path, files: BTreeMap::new() }
    }

    /// Appends an object to the file of its track, `{track}.mp4`.
    pub fn store(&mut self, object: &Object) {
        let track = object.name.as_str().split('/').nth(1).unwrap().to_owned();
        let path = self.path.join(format!("{track}.mp4"));
        let file = self.files.entry(track).or_insert_with(|| File::create(path).unwrap());
        object.body.parts().iter().for_each(|part| file.write_all(part).unwrap());
    }
}
