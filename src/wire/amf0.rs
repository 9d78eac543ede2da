//! Action Message Format 0 (Adobe, "AMF 0 Specification", 2007-12-13): the values inside RTMP commands and data.
//!
//! [`Reader`] borrows what it can from the message and stops at three ceilings: [`MAX_DEPTH`] levels, [`MAX_NODES`] values
//! and [`MAX_BYTES`] bytes. Counts that a peer announces are never believed. AMF 3 (marker 0x11), movie clips and record sets
//! are refused; references are handed out as numbers and never followed. To read one more kind of value, add its marker.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::{LimitError, ParseError, ParseErrorKind};

/// Levels of objects and arrays in one message.
pub(crate) const MAX_DEPTH: usize = 64;
/// Values in one message, members included.
pub(crate) const MAX_NODES: usize = 4096;
/// Bytes read of one message.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Number(f64),
    Boolean(bool),
    /// Also long strings and XML documents; bytes that are not UTF-8 are replaced.
    String(Cow<'a, str>),
    /// Also typed objects (without their class name) and ECMA arrays.
    Object(Vec<(Cow<'a, str>, Self)>),
    Array(Vec<Self>),
    /// Null, undefined and unsupported.
    Null,
    /// Milliseconds since 1970; the time zone is reserved and always 0.
    Date(f64),
    /// An index of an earlier object; never followed.
    Reference(u16),
}

/// Reads the values of one message in turn.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    nodes: usize,
}

/// Writes values one after the other; objects are opened and closed by hand.
#[derive(Debug, Default)]
pub(crate) struct Writer(BytesMut);

impl<'a> Value<'a> {
    /// The member `name` of an object; names are compared without case, since encoders differ (`tcUrl`, `tcurl`).
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, nodes: 0 }
    }

    /// The next value, `None` at the end of the message.
    ///
    /// # Errors
    /// The value is cut short, of a kind that is not taken, or over a ceiling; nothing after it can be read.
    pub(crate) fn value(&mut self) -> Result<Option<Value<'a>>, ParseError> {
        if self.at == self.data.len() { Ok(None) } else { self.nested(0).map(Some) }
    }

    /// How many bytes the values so far took.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    fn nested(&mut self, depth: usize) -> Result<Value<'a>, ParseError> {
        self.count_node(depth)?;
        let [marker] = self.take("AMF0 marker")?;
        Ok(match marker {
            NUMBER => Value::Number(f64::from_be_bytes(self.take("AMF0 number")?)),
            BOOLEAN => {
                let [flag] = self.take("AMF0 boolean")?;
                Value::Boolean(flag != 0)
            }
            STRING => Value::String(self.short_string()?),
            LONG_STRING | XML => {
                let len = u32::from_be_bytes(self.take("AMF0 long string length")?);
                Value::String(self.text(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            OBJECT => Value::Object(self.members(depth)?),
            TYPED_OBJECT => {
                self.short_string()?;
                Value::Object(self.members(depth)?)
            }
            ECMA_ARRAY => {
                // The count is a hint that encoders get wrong; the end marker decides (clause 2.10).
                let _count: [u8; 4] = self.take("AMF0 ECMA array count")?;
                Value::Object(self.members(depth)?)
            }
            STRICT_ARRAY => self.array(depth)?,
            NULL | UNDEFINED | UNSUPPORTED => Value::Null,
            DATE => {
                let millis = f64::from_be_bytes(self.take("AMF0 date")?);
                let _zone: [u8; 2] = self.take("AMF0 time zone")?;
                Value::Date(millis)
            }
            REFERENCE => Value::Reference(u16::from_be_bytes(self.take("AMF0 reference")?)),
            other => {
                return Err(self.error(ParseErrorKind::Unsupported { what: "AMF0 marker", value: other.into() }));
            }
        })
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, ParseError> {
        let count = u32::from_be_bytes(self.take("AMF0 strict array count")?);
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.nested(depth.saturating_add(1))?);
        }
        Ok(Value::Array(items))
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, ParseError> {
        let mut members = Vec::new();
        loop {
            if let Some([0, 0, OBJECT_END]) = self.rest().first_chunk() {
                self.at = self.at.saturating_add(3);
                return Ok(members);
            }
            let name = self.short_string()?;
            members.push((name, self.nested(depth.saturating_add(1))?));
        }
    }

    fn short_string(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let len = u16::from_be_bytes(self.take("AMF0 string length")?);
        self.text(len.into())
    }

    fn text(&mut self, len: usize) -> Result<Cow<'a, str>, ParseError> {
        let text = self.rest().get(..len).ok_or_else(|| self.cut("AMF0 string"))?;
        self.advance(len)?;
        Ok(String::from_utf8_lossy(text))
    }

    fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ParseError> {
        let bytes = *self.rest().first_chunk().ok_or_else(|| self.cut(what))?;
        self.advance(N)?;
        Ok(bytes)
    }

    fn advance(&mut self, len: usize) -> Result<(), ParseError> {
        self.at = self.at.saturating_add(len);
        self.ceiling("AMF0 bytes", MAX_BYTES, self.at)
    }

    fn count_node(&mut self, depth: usize) -> Result<(), ParseError> {
        self.nodes = self.nodes.saturating_add(1);
        self.ceiling("AMF0 nesting", MAX_DEPTH, depth)?;
        self.ceiling("AMF0 values", MAX_NODES, self.nodes)
    }

    fn ceiling(&self, what: &'static str, ceiling: usize, asked: usize) -> Result<(), ParseError> {
        if asked <= ceiling {
            return Ok(());
        }
        Err(self.error(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 }.into()))
    }

    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn cut(&self, what: &'static str) -> ParseError {
        self.error(ParseErrorKind::Truncated { what })
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, "amf0", None, self.at as u64)
    }
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn number(mut self, number: f64) -> Self {
        self.0.put_u8(NUMBER);
        self.0.put_f64(number);
        self
    }

    /// A string; what is over 65 535 bytes is cut off.
    pub(crate) fn string(mut self, text: &str) -> Self {
        self.0.put_u8(STRING);
        self.raw_string(text);
        self
    }

    pub(crate) fn boolean(mut self, flag: bool) -> Self {
        self.0.put_slice(&[BOOLEAN, u8::from(flag)]);
        self
    }

    pub(crate) fn null(mut self) -> Self {
        self.0.put_u8(NULL);
        self
    }

    /// An object of texts, such as the information object of `onStatus`, closed.
    pub(crate) fn texts(self, members: &[(&str, &str)]) -> Self {
        let open = members.iter().fold(self.open(), |writer, (name, text)| writer.name(name).string(text));
        open.close()
    }

    /// A strict array of strings.
    pub(crate) fn strings(mut self, texts: &[&str]) -> Self {
        self.0.put_u8(STRICT_ARRAY);
        self.0.put_u32(u32::try_from(texts.len()).unwrap_or(u32::MAX));
        texts.iter().fold(self, |writer, text| writer.string(text))
    }

    /// An object of numbers, closed.
    pub(crate) fn numbers(self, members: &[(&str, f64)]) -> Self {
        let open = members.iter().fold(self.open(), |writer, (name, number)| writer.name(name).number(*number));
        open.close()
    }

    /// Opens an object: members are [`name`](Self::name) and a value each, until [`close`](Self::close).
    pub(crate) fn open(mut self) -> Self {
        self.0.put_u8(OBJECT);
        self
    }

    /// Opens an ECMA array, which is an object that says about how many members it has (clause 2.10).
    pub(crate) fn open_array(mut self, members: u32) -> Self {
        self.0.put_u8(ECMA_ARRAY);
        self.0.put_u32(members);
        self
    }

    pub(crate) fn name(mut self, name: &str) -> Self {
        self.raw_string(name);
        self
    }

    pub(crate) fn close(mut self) -> Self {
        self.0.put_slice(&[0, 0, OBJECT_END]);
        self
    }

    pub(crate) fn finish(self) -> Bytes {
        self.0.freeze()
    }

    fn raw_string(&mut self, text: &str) {
        let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
        self.0.put_u16(len);
        self.0.put_slice(text.as_bytes().get(..len.into()).unwrap_or_default());
    }
}

const NUMBER: u8 = 0;
const BOOLEAN: u8 = 1;
const STRING: u8 = 2;
const OBJECT: u8 = 3;
const NULL: u8 = 5;
const UNDEFINED: u8 = 6;
const REFERENCE: u8 = 7;
const ECMA_ARRAY: u8 = 8;
const OBJECT_END: u8 = 9;
const STRICT_ARRAY: u8 = 10;
const DATE: u8 = 11;
const LONG_STRING: u8 = 12;
const UNSUPPORTED: u8 = 13;
const XML: u8 = 15;
const TYPED_OBJECT: u8 = 16;

#[cfg(test)]
mod tests;
