//! A playlist as lines: tags with their values, comments, URIs (RFC 8216 clause 4.1). What does not fit is kept, for the rules to say.

use super::{
    attributes::Attributes,
    tags::{Form, Place, TAGS, Tag},
};

/// A playlist's lines.
pub struct Document {
    pub lines: Vec<Line>,
    /// Where its bytes are no UTF-8.
    pub bad_utf8: Option<usize>,
    pub starts_with_bom: bool,
}

pub struct Line {
    /// From 1 on.
    pub number: usize,
    pub text: String,
    pub kind: Kind,
}

pub enum Kind {
    Blank,
    /// Comments, and tags that the standard does not know.
    Comment,
    Tag(Tagged),
    Uri,
}

/// A tag of the standard.
pub struct Tagged {
    pub tag: &'static Tag,
    pub value: Option<String>,
    /// Of a tag that has an attribute list.
    pub attributes: Attributes,
    /// What is wrong with that list.
    pub broken: Option<String>,
}

impl Document {
    pub fn read(bytes: &[u8]) -> Self {
        let bad_utf8 = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
        let text = String::from_utf8_lossy(bytes);
        let starts_with_bom = text.starts_with('\u{FEFF}');
        let text = text.trim_start_matches('\u{FEFF}');
        let lines = text.split_terminator('\n').zip(1..);
        let lines = lines.map(|(text, number)| Line::read(text.strip_suffix('\r').unwrap_or(text), number)).collect();
        Self { lines, bad_utf8, starts_with_bom }
    }

    pub fn tags(&self) -> impl Iterator<Item = (&Line, &Tagged)> {
        self.lines
            .iter()
            .filter_map(|line| if let Kind::Tag(tagged) = &line.kind { Some((line, tagged)) } else { None })
    }

    /// Tags of this name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = (usize, &Tagged)> {
        self.tags().filter(move |(_, tagged)| tagged.tag.name == name).map(|(line, tagged)| (line.number, tagged))
    }

    /// The number behind a tag.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.named(name).find_map(|(_, tagged)| tagged.value.as_ref()?.parse().ok())
    }

    pub fn has(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// Without any tag of a media playlist, and with one of a multivariant playlist.
    pub fn is_multivariant(&self) -> bool {
        let has = |wanted: &[Place]| self.tags().any(|(_, tagged)| wanted.contains(&tagged.tag.place));
        has(&[Place::Multivariant]) && !has(&[Place::Media, Place::Segment])
    }
}

impl Line {
    fn read(text: &str, number: usize) -> Self {
        let kind = match text {
            "" => Kind::Blank,
            _ if !text.starts_with('#') => Kind::Uri,
            _ => Tagged::read(text).map_or(Kind::Comment, Kind::Tag),
        };
        Self { number, text: text.into(), kind }
    }
}

impl Tagged {
    fn read(text: &str) -> Option<Self> {
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (text.trim_end(), None),
        };
        let tag = TAGS.iter().find(|tag| name.strip_prefix('#') == Some(tag.name))?;
        let (mut attributes, mut broken) = (Attributes::default(), None);
        if let (Form::List(_), Some(value)) = (tag.form, value) {
            match Attributes::read(value) {
                Ok(read) => attributes = read,
                Err(error) => broken = Some(error),
            }
        }
        Some(Self { tag, value: value.map(String::from), attributes, broken })
    }
}
