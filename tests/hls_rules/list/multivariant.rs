//! A multivariant playlist, read from its lines: variants, renditions and their groups.

use super::{
    attributes::Attributes,
    lines::{Document, Kind},
};

#[derive(Default)]
pub struct Multivariant {
    /// 1 where nothing is said.
    pub version: u64,
    pub variants: Vec<Variant>,
    pub renditions: Vec<(usize, Attributes)>,
    pub i_frames: Vec<(usize, Attributes)>,
    pub data: Vec<(usize, Attributes)>,
    pub keys: Vec<(usize, Attributes)>,
    /// URIs that no variant has.
    pub stray: Vec<usize>,
}

pub struct Variant {
    pub line: usize,
    pub attributes: Attributes,
    /// On the line behind its tag.
    pub uri: Option<String>,
}

/// Groups by the attribute that names them, which is also their type.
pub const GROUPS: [&str; 4] = ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];

impl Multivariant {
    pub fn read(document: &Document) -> Self {
        let list = |name| document.named(name).map(|(line, tagged)| (line, tagged.attributes.clone())).collect();
        let mut found = Self {
            version: document.number("EXT-X-VERSION").unwrap_or(1),
            renditions: list("EXT-X-MEDIA"),
            i_frames: list("EXT-X-I-FRAME-STREAM-INF"),
            data: list("EXT-X-SESSION-DATA"),
            keys: list("EXT-X-SESSION-KEY"),
            ..Self::default()
        };
        let mut waits = false;
        for line in &document.lines {
            match &line.kind {
                Kind::Tag(tagged) if tagged.tag.name == "EXT-X-STREAM-INF" => {
                    let attributes = tagged.attributes.clone();
                    found.variants.push(Variant { line: line.number, attributes, uri: None });
                    waits = true;
                }
                Kind::Uri => match found.variants.last_mut().filter(|_| waits) {
                    Some(variant) => (variant.uri, waits) = (Some(line.text.clone()), false),
                    None => found.stray.push(line.number),
                },
                Kind::Tag(_) => waits = false,
                Kind::Blank | Kind::Comment => {}
            }
        }
        found
    }

    /// The renditions of a group.
    pub fn group<'a>(&'a self, kind: &'a str, id: &'a str) -> impl Iterator<Item = &'a (usize, Attributes)> {
        let is_in =
            move |one: &&(usize, Attributes)| one.1.get("TYPE") == Some(kind) && one.1.get("GROUP-ID") == Some(id);
        self.renditions.iter().filter(is_in)
    }

    /// Names of the groups of a type, each once.
    pub fn ids(&self, kind: &str) -> Vec<&str> {
        let of_kind = self.renditions.iter().filter(|(_, one)| one.get("TYPE") == Some(kind));
        let mut ids: Vec<&str> = of_kind.filter_map(|(_, one)| one.get("GROUP-ID")).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Variant {
    pub fn codecs(&self) -> impl Iterator<Item = &str> {
        self.attributes.get("CODECS").into_iter().flat_map(|codecs| codecs.split(',')).map(str::trim)
    }

    pub fn has_codec(&self, known: &[&str]) -> bool {
        self.codecs().any(|codec| known.contains(&codec.split('.').next().unwrap_or("")))
    }
}

/// Sample entries of pictures, of sound and of text (RFC 6381).
pub const PICTURES: &[&str] = &["avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "av01", "vp09"];
pub const SOUND: &[&str] = &["mp4a", "ac-3", "ec-3", "ac-4", "opus", "Opus", "fLaC", "alac"];
pub const TEXT: &[&str] = &["stpp", "wvtt"];
