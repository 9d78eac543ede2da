//! Every playlist in `tests/golden`.

use std::{fs, path::PathBuf};

use crate::list;

#[test]
fn golden_playlists_break_no_rule() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (mut count, mut wrong) = (0, String::new());
    for path in playlists(golden) {
        count += 1;
        let complaints = list::check(&fs::read(&path).unwrap());
        if !complaints.is_empty() {
            wrong += &format!("{}\n{}", path.display(), list::told(&complaints));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 30, "{count} playlists");
}

/// Every playlist below a folder, in the order of their names.
pub fn playlists(folder: PathBuf) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "m3u8") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
