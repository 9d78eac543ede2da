#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a test may panic and read its fixtures"
)]

use std::path::PathBuf;

use super::*;

fn all(data: &[u8]) -> Result<Vec<Value<'_>>, ParseError> {
    let mut reader = Reader::new(data);
    let mut values = Vec::new();
    while let Some(value) = reader.value()? {
        values.push(value);
    }
    Ok(values)
}

fn media(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/media").join(path);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn what_is_written_is_read_again() {
    let bytes = Writer::new()
        .string("connect")
        .number(1.0)
        .null()
        .open()
        .name("tcurl")
        .string("rtmp://host/live")
        .name("info")
        .texts(&[("level", "status")])
        .close()
        .finish();
    let values = all(&bytes).unwrap();
    assert_eq!(values[0].as_str(), Some("connect"));
    assert_eq!(values[1].as_number(), Some(1.0));
    assert_eq!(values[2], Value::Null);
    assert_eq!(values[3].member("tcUrl").and_then(Value::as_str), Some("rtmp://host/live"));
    assert_eq!(values[3].member("info").and_then(|info| info.member("level")?.as_str()), Some("status"));
}

#[test]
fn an_array_with_names_is_these_bytes() {
    let bytes = Writer::new().string("m").open_array(2).name("w").number(2.0).name("s").boolean(true).close().finish();
    assert_eq!(&bytes[..], b"\x02\0\x01m\x08\0\0\0\x02\0\x01w\0\x40\0\0\0\0\0\0\0\0\x01s\x01\x01\0\0\x09");
    assert_eq!(all(&bytes).unwrap()[1].member("s"), Some(&Value::Boolean(true)));
}

#[test]
fn every_kind_of_value_is_read() {
    let ecma = b"\x08\xFF\xFF\xFF\xFF\x00\x01w\x00\x40\x9E\x00\x00\x00\x00\x00\x00\x00\x00\x09";
    assert_eq!(all(ecma).unwrap()[0].member("w").and_then(Value::as_number), Some(1920.0));
    assert_eq!(all(b"\x0A\0\0\0\x02\x05\x01\x01").unwrap(), [Value::Array(vec![Value::Null, Value::Boolean(true)])]);
    assert_eq!(all(b"\x0B\0\0\0\0\0\0\0\0\0\0").unwrap(), [Value::Date(0.0)]);
    assert_eq!(all(b"\x0C\0\0\0\x02hi\x06\x0D").unwrap(), [Value::String("hi".into()), Value::Null, Value::Null]);
    assert_eq!(all(b"\x10\0\x01C\0\0\x09\x07\0\x07").unwrap(), [Value::Object(vec![]), Value::Reference(7)]);
    assert_eq!(all(b"\x02\0\x01\xFF").unwrap(), [Value::String("\u{FFFD}".into())]);
}

#[test]
fn ceilings_have_their_own_errors() {
    let limit = |data: &[u8]| match all(data).unwrap_err().kind {
        ParseErrorKind::Limit(limit) => limit.what,
        other => panic!("{other}"),
    };
    let nest = |levels: usize| [b"\x0A\0\0\0\x01".repeat(levels), vec![NULL]].concat();
    assert!(all(&nest(MAX_DEPTH)).is_ok());
    assert_eq!(limit(&nest(MAX_DEPTH + 1)), "AMF0 nesting");
    assert!(all(&vec![NULL; MAX_NODES]).is_ok());
    assert_eq!(limit(&vec![NULL; MAX_NODES + 1]), "AMF0 values");
    let long = [&b"\x0C\0\x04\0\0"[..], &vec![b'a'; MAX_BYTES]].concat();
    assert_eq!(limit(&long), "AMF0 bytes");
}

#[test]
fn cut_and_unknown_values_are_errors() {
    for cut in [
        &b"\0"[..],
        b"\x01",
        b"\x02\0\x05abc",
        b"\x03\0\x01a",
        b"\x03",
        b"\x0C\xFF\xFF\xFF\xFF",
        b"\x0A\xFF\xFF\xFF\xFF",
    ] {
        assert!(matches!(all(cut).unwrap_err().kind, ParseErrorKind::Truncated { .. }), "{cut:?}");
    }
    for unknown in [&b"\x11"[..], b"\x04", b"\x09", b"\xFF"] {
        assert!(matches!(all(unknown).unwrap_err().kind, ParseErrorKind::Unsupported { .. }), "{unknown:?}");
    }
}

#[test]
fn seventy_thousand_levels_fit_a_small_stack() {
    let Some(path) = media("malformed/bombs/amf0_nested_70000.bin") else { return };
    let bomb = std::fs::read(path).unwrap();
    let parse = move || all(&bomb).unwrap_err();
    let error = std::thread::Builder::new().stack_size(256 * 1024).spawn(parse).unwrap().join().unwrap();
    assert_eq!(error.code(), "LIMIT_EXCEEDED");
}

#[test]
fn files_that_broke_other_parsers() {
    let Some(path) = media("malformed/amf0") else { return };
    for file in std::fs::read_dir(path).unwrap() {
        let data = std::fs::read(file.unwrap().path()).unwrap();
        // A value or a typed error; either is right.
        let _ = all(&data);
    }
    let Some(path) = media("malformed/bombs/amf0_array_ffffffff.bin") else { return };
    assert!(all(&std::fs::read(path).unwrap()).is_err());
    let Some(path) = media("rtmp/ireader-rtmp.onStatus.amf0") else { return };
    let data = std::fs::read(path).unwrap();
    let status = all(&data).unwrap();
    let code = status[1].member("code").and_then(Value::as_str);
    assert_eq!(code, Some("NetStream.Play.Reset"));
}
