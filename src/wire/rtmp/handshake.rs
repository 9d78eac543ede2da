//! The handshake, server side (RTMP 1.0 clause 5.2), plain and with Flash Player 9's digests.
//!
//! ```text
//! C0 C1 ──►            C1 whole: S0 S1 S2 ──►            C2 skipped, whatever it says
//! ```
//!
//! A client that signs C1 (scheme 0: digest offset at byte 8, scheme 1: at byte 772) gets a signed answer; one that does
//! not, or whose digest is wrong, gets the plain one. Versions other than 3 (RTMPE, and everything that is not RTMP) are
//! refused at the first byte. The random bytes of S1 come from SHA-256 over the host's seed and C1.

use bytes::{BufMut, Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::{ParseError, ParseErrorKind};

/// Bytes that a client sends before its first chunk.
pub(crate) const HANDSHAKE_LEN: usize = 1 + 2 * PART;

/// The server's half of one handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    seed: [u8; 32],
    /// C0 and what there is of C1.
    hello: BytesMut,
    c2_missing: usize,
}

/// Where the 32 bytes of a digest begin within C1 or S1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Zero,
    One,
}

impl Handshake {
    /// A handshake whose "random" bytes follow from `seed` and the client's own.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, hello: BytesMut::new(), c2_missing: PART }
    }

    /// Takes its bytes from `input`; gives S0, S1 and S2 once C1 is whole.
    ///
    /// # Errors
    /// The first byte is not RTMP's.
    pub(crate) fn read(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, ParseError> {
        let missing = (1usize.saturating_add(PART)).saturating_sub(self.hello.len());
        if missing > 0 {
            self.hello.extend_from_slice(&input.split_to(missing.min(input.len())));
            match self.hello.first() {
                None | Some(&VERSION) => {}
                Some(&other) => return Err(refuse(other)),
            }
            let Some(c1) = self.hello.get(1..).filter(|c1| c1.len() == PART) else { return Ok(None) };
            return Ok(Some(answer(c1, &self.seed)));
        }
        let c2 = self.c2_missing.min(input.len());
        self.c2_missing = self.c2_missing.saturating_sub(c2);
        drop(input.split_to(c2));
        Ok(None)
    }

    /// Whether C2 has been skipped: what follows are chunks.
    pub(crate) const fn is_done(&self) -> bool {
        self.c2_missing == 0
    }
}

impl Scheme {
    fn digest_at(self, part: &[u8]) -> Option<usize> {
        let at = match self {
            Self::Zero => 8,
            Self::One => 772,
        };
        let offset: &[u8; 4] = part.get(at..)?.first_chunk()?;
        let sum: usize = offset.iter().map(|byte| usize::from(*byte)).sum();
        (sum % 728).checked_add(at)?.checked_add(4)
    }

    /// Splits C1 or S1 into what is before its digest, the digest, and what is after it.
    fn split(self, part: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
        let (before, rest) = part.split_at_checked(self.digest_at(part)?)?;
        let (digest, after) = rest.split_at_checked(DIGEST)?;
        Some((before, digest, after))
    }
}

fn answer(c1: &[u8], seed: &[u8; 32]) -> Bytes {
    let mut random = Vec::with_capacity(PART.saturating_mul(2));
    for block in 0u32..u32::MAX {
        if random.len() >= PART.saturating_mul(2) {
            break;
        }
        random.extend_from_slice(
            &Sha256::new().chain_update(seed).chain_update(c1).chain_update(block.to_be_bytes()).finalize(),
        );
    }
    let (s1, s2) = random.split_at(PART.min(random.len()));
    let s2 = s2.get(..PART).unwrap_or_default();
    let mut out = BytesMut::with_capacity(HANDSHAKE_LEN);
    out.put_u8(VERSION);
    if let Some((s1, s2)) = signed(c1, s1, s2) {
        out.put_slice(&s1);
        out.put_slice(&s2);
    } else {
        out.put_slice(&with_head(s1, [0; 4]));
        out.put_slice(c1);
    }
    out.freeze()
}

/// S1 and S2 for a client that signed its C1; `None` where it did not.
fn signed(c1: &[u8], s1: &[u8], s2: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    // A plain client leaves the version field zero (clause 5.2.3).
    if c1.get(4..8)? == [0; 4] {
        return None;
    }
    let is_signed = |scheme: &Scheme| {
        scheme.split(c1).is_some_and(|(before, digest, after)| {
            // Compared in constant time.
            hmac(CLIENT_KEY, &[before, after]).is_some_and(|mac| mac.verify_slice(digest).is_ok())
        })
    };
    let scheme = [Scheme::Zero, Scheme::One].into_iter().find(is_signed)?;
    let (_, client_digest, _) = scheme.split(c1)?;

    let s1 = with_head(s1, SERVER_VERSION);
    let (before, _, after) = scheme.split(&s1)?;
    let (server_key, _) = SERVER_KEY.split_at_checked(SERVER_KEY_TEXT)?;
    let digest = hmac(server_key, &[before, after])?.finalize().into_bytes();
    let s1 = [before, &digest[..], after].concat();

    let key = hmac(SERVER_KEY, &[client_digest])?.finalize().into_bytes();
    let (body, _) = s2.split_at_checked(PART.checked_sub(DIGEST)?)?;
    let digest = hmac(&key, &[body])?.finalize().into_bytes();
    Some((s1, [body, &digest[..]].concat()))
}

/// A part whose time is 0 and whose second field is `version`.
fn with_head(random: &[u8], version: [u8; 4]) -> Vec<u8> {
    [&[0; 4], &version[..], random.get(8..).unwrap_or_default()].concat()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

fn refuse(version: u8) -> ParseError {
    let value = version.into();
    let what = "RTMP version (C0)";
    // 6 is RTMPE, 8 its AES kin; 31 and below are reserved so that text protocols are told apart (clause 5.2.2).
    let kind = if version < 32 {
        ParseErrorKind::Unsupported { what, value }
    } else {
        ParseErrorKind::Invalid { what, value }
    };
    ParseError::new(kind, "rtmp", None, 0)
}

const VERSION: u8 = 3;
const PART: usize = 1536;
const DIGEST: usize = 32;
/// The version of a server that signs.
const SERVER_VERSION: [u8; 4] = [4, 5, 0, 1];
const CLIENT_KEY: &[u8] = b"Genuine Adobe Flash Player 001";
/// The text signs S1; text and tail together sign the client's digest.
const SERVER_KEY: &[u8] = b"Genuine Adobe Flash Media Server 001\
    \xF0\xEE\xC2\x4A\x80\x68\xBE\xE8\x2E\x00\xD0\xD1\x02\x9E\x7E\x57\
    \x6E\xEC\x5D\x2D\x29\x80\x6F\xAB\x93\xB8\xE6\x36\xCF\xEB\x31\xAE";
const SERVER_KEY_TEXT: usize = 36;

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test may panic")]
mod tests {
    use super::*;

    fn shake(c1: &[u8]) -> Bytes {
        let mut handshake = Handshake::new([7; 32]);
        let mut input = Bytes::from([&[VERSION], c1].concat());
        let answer = handshake.read(&mut input).unwrap().unwrap();
        assert!(!handshake.is_done());
        let mut c2 = Bytes::from(vec![0xAA; PART + 5]);
        assert_eq!(handshake.read(&mut c2).unwrap(), None);
        assert!(handshake.is_done());
        assert_eq!(c2.len(), 5);
        answer
    }

    fn sign(c1: &mut [u8], scheme: Scheme) {
        let (before, _, after) = scheme.split(c1).unwrap();
        let digest = hmac(CLIENT_KEY, &[before, after]).unwrap().finalize().into_bytes();
        let at = scheme.digest_at(c1).unwrap();
        c1[at..at + DIGEST].copy_from_slice(&digest);
    }

    #[test]
    fn a_plain_client_gets_its_own_bytes_back() {
        let c1: Vec<u8> = (0..PART).map(|i| if i < 8 { 0 } else { i as u8 }).collect();
        let answer = shake(&c1);
        assert_eq!((answer.len(), answer[0]), (HANDSHAKE_LEN, VERSION));
        assert_eq!(&answer[1 + PART..], &c1[..]);
        assert_eq!(answer, shake(&c1));
    }

    #[test]
    fn a_signed_client_gets_a_signed_answer_of_its_scheme() {
        for scheme in [Scheme::Zero, Scheme::One] {
            let mut c1: Vec<u8> = (0..PART).map(|i| (i * 31) as u8).collect();
            sign(&mut c1, scheme);
            let answer = shake(&c1);
            let (s1, s2) = answer[1..].split_at(PART);
            let (before, digest, after) = scheme.split(s1).unwrap();
            assert_eq!(&hmac(&SERVER_KEY[..36], &[before, after]).unwrap().finalize().into_bytes()[..], digest);
            let (_, client_digest, _) = scheme.split(&c1).unwrap();
            let key = hmac(SERVER_KEY, &[client_digest]).unwrap().finalize().into_bytes();
            let (body, digest) = s2.split_at(PART - DIGEST);
            assert_eq!(&hmac(&key, &[body]).unwrap().finalize().into_bytes()[..], digest);
        }
    }

    #[test]
    fn a_wrong_digest_falls_back_to_the_plain_answer() {
        let c1: Vec<u8> = (0..PART).map(|i| (i * 7) as u8).collect();
        assert_eq!(&shake(&c1)[1 + PART..], &c1[..]);
    }

    #[test]
    fn what_is_not_rtmp_is_told_at_the_first_byte() {
        for (byte, code) in [(b'G', "PARSE_INVALID"), (0x16, "PARSE_UNSUPPORTED"), (6, "PARSE_UNSUPPORTED")] {
            let error = Handshake::new([0; 32]).read(&mut Bytes::copy_from_slice(&[byte])).unwrap_err();
            assert_eq!(error.code(), code);
        }
    }
}
