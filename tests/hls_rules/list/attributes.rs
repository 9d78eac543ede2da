//! Attribute lists and the types of their values (RFC 8216 clause 4.2).

/// The attributes of a tag in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(pub Vec<Attribute>);

#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    pub name: String,
    /// Without its quotes.
    pub value: String,
    pub is_quoted: bool,
}

impl Attributes {
    /// Reads a list; the error says what is wrong and where.
    pub fn read(text: &str) -> Result<Self, String> {
        let (mut rest, mut found) = (text, Vec::new());
        loop {
            let (name, after) = rest.split_once('=').ok_or_else(|| format!("no = behind {rest:?}"))?;
            if name.is_empty() || !name.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-')) {
                return Err(format!("{name:?} is no name of an attribute"));
            }
            let is_quoted = after.starts_with('"');
            let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
                quoted.split_once('"').ok_or_else(|| format!("the quotes of {name} do not end"))?
            } else {
                after.split_at(after.find(',').unwrap_or(after.len()))
            };
            if !is_quoted && (value.is_empty() || value.contains(['"', ' ', '\t'])) {
                return Err(format!("{value:?} is no value of {name}"));
            }
            found.push(Attribute { name: name.into(), value: value.into(), is_quoted });
            if after.is_empty() {
                return Ok(Self(found));
            }
            rest = after.strip_prefix(',').ok_or_else(|| format!("{after:?} behind {name}"))?;
        }
    }

    pub fn find(&self, name: &str) -> Option<&Attribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|attribute| attribute.value.as_str())
    }

    pub fn float(&self, name: &str) -> Option<f64> {
        self.get(name)?.parse().ok()
    }

    pub fn integer(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    pub fn is_yes(&self, name: &str) -> bool {
        self.get(name) == Some("YES")
    }
}

/// The types of clause 4.2, and what tags want besides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    Integer,
    Hex,
    Float,
    SignedFloat,
    Quoted,
    /// One of these enumerated strings.
    Word(&'static [&'static str]),
    /// A quoted string, or this enumerated string.
    QuotedOr(&'static str),
    Resolution,
}

impl Type {
    pub fn fits(self, attribute: &Attribute) -> bool {
        let value = attribute.value.as_str();
        match self {
            Self::Quoted => attribute.is_quoted,
            Self::QuotedOr(word) => attribute.is_quoted || value == word,
            _ if attribute.is_quoted => false,
            Self::Integer => is_integer(value),
            Self::Hex => is_hex(value),
            Self::Float => is_float(value),
            Self::SignedFloat => is_float(value.strip_prefix('-').unwrap_or(value)),
            Self::Word(words) => words.contains(&value),
            Self::Resolution => value.split_once('x').is_some_and(|(w, h)| is_integer(w) && is_integer(h)),
        }
    }
}

/// 1 to 20 digits, below 2^64.
pub fn is_integer(text: &str) -> bool {
    is_digits(text) && text.len() <= 20 && text.parse::<u64>().is_ok()
}

pub fn is_float(text: &str) -> bool {
    text.split_once('.').map_or_else(|| is_digits(text), |(whole, part)| is_digits(whole) && is_digits(part))
}

fn is_hex(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[test]
fn types_are_strict() {
    let of = |value: &str, is_quoted| Attribute { name: "A".into(), value: value.into(), is_quoted };
    for (kind, good, bad) in [
        (Type::Integer, "18446744073709551615", "18446744073709551616"),
        (Type::Float, "1.5", "-1.5"),
        (Type::SignedFloat, "-1.5", "-1."),
        (Type::Hex, "0xA0", "0xa0"),
        (Type::Resolution, "16x9", "16X9"),
        (Type::Word(&["YES"]), "YES", "yes"),
    ] {
        assert!(
            kind.fits(&of(good, false)) && !kind.fits(&of(bad, false)) && !kind.fits(&of(good, true)),
            "{good} {bad}"
        );
    }
    for broken in ["", "A", "A=", "a=1", "A=1,", "A=\"1", "A=\"1\"2", "A=1, B=2", "A =1", ",A=1"] {
        assert!(Attributes::read(broken).is_err(), "{broken}");
    }
    assert_eq!(Attributes::read("A=1,B-2=\"x,y=z\"").unwrap().get("B-2"), Some("x,y=z"));
}
