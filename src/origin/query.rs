//! The query of a manifest's URL: start-over and catch-up by `start` and `end`.

use chrono::DateTime;

use super::{error::OriginError, filter::Clip, url::unescape};
use crate::{
    media::Presentation,
    time::{MediaTime, Utc},
};

/// What a query asks for, and how it is said again in the URLs of playlists: `?start=…&end=…`, or nothing.
pub(super) fn clip(query: Option<&str>, presentation: &Presentation) -> Result<(Clip, String), OriginError> {
    let (mut clip, mut suffix) = (Clip::default(), String::new());
    for pair in query.unwrap_or_default().split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let bound = match key {
            "start" => &mut clip.start,
            "end" => &mut clip.end,
            _ => continue,
        };
        let at = instant(value).ok_or(OriginError::BadUrlSyntax)?;
        if bound.replace(MediaTime::ZERO.plus(at.since(presentation.epoch))).is_some() {
            return Err(OriginError::BadUrlSyntax);
        }
        let nanos = at.unix_nanos();
        let mark = if suffix.is_empty() { '?' } else { '&' };
        suffix.push_str(&format!(
            "{mark}{key}={}.{:09}",
            nanos.div_euclid(1_000_000_000),
            nanos.rem_euclid(1_000_000_000)
        ));
    }
    if clip.start.zip(clip.end).is_some_and(|(start, end)| start >= end) {
        return Err(OriginError::BadUrlSyntax);
    }
    Ok((clip, suffix))
}

/// Seconds since 1970 with up to nine decimals, or a date and time with its zone.
fn instant(value: &str) -> Option<Utc> {
    if value.len() > 64 {
        return None;
    }
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_number(whole) && is_number(part) && whole.len() <= 10 && part.len() <= 9 {
        let nanos: i64 = format!("{part:0<9}").parse().ok()?;
        return Some(Utc::from_unix_nanos(whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanos)?));
    }
    let text = unescape(value).ok()?;
    DateTime::parse_from_rfc3339(&text).ok()?.timestamp_nanos_opt().map(Utc::from_unix_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_seconds_and_as_dates() {
        let at = |value| instant(value).map(Utc::unix_nanos);
        assert_eq!(at("1800000000"), Some(1_800_000_000_000_000_000));
        assert_eq!(at("1800000000.5"), Some(1_800_000_000_500_000_000));
        assert_eq!(at("2027-01-15T08:00:00Z"), Some(1_800_000_000_000_000_000));
        assert_eq!(at("2027-01-15T09:00:00.250%2B01:00"), Some(1_800_000_000_250_000_000));
        for bad in
            ["", "-1", "+1", "now", "1.", ".5", "1.0000000001", "99999999999", "2027-01-15", "%", "2027-01-15T08:00:00"]
        {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_query_is_said_again_as_it_is_understood_and_others_change_nothing() {
        let presentation = Presentation::new(Vec::new(), Utc::UNIX_EPOCH);
        let of = |query| clip(Some(query), &presentation);
        assert_eq!(of("").unwrap(), (Clip::default(), String::new()));
        assert_eq!(of("token=1&x").unwrap(), (Clip::default(), String::new()));
        let (clip, suffix) = of("a=b&end=1970-01-01T00:00:09Z&start=7.5").unwrap();
        assert_eq!(
            (clip.start, clip.end),
            (
                Some(MediaTime::from_flicks(7 * 705_600_000 + 352_800_000)),
                Some(MediaTime::from_flicks(9 * 705_600_000))
            )
        );
        assert_eq!(suffix, "?end=9.000000000&start=7.500000000");
        // FAULTS row 58.
        for bad in ["start=9&end=7", "start=9&end=9", "start=1&start=2", "start=", "end=x"] {
            assert_eq!(of(bad), Err(OriginError::BadUrlSyntax), "{bad}");
        }
    }
}
