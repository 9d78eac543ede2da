//! Text, or bytes, that grows at its end, shrinks at its start, and is handed out without copying.
//!
//! ```text
//!  front                                             back
//!  ┌───────────────┬────────┬────────┬────┬────┬──┬─┬─┐
//!  │ level 3       │ level 2│ level 2│ 1  │ 1  │ 0│0│0│     sixteen of one level melt into one of the next
//!  └───────────────┴────────┴────────┴────┴────┴──┴─┴─┘
//! ```
//! Each byte is copied once per level, so appending costs the same whatever is there, and a day of segments is a few dozen
//! slices.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Shared text in blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Rope {
    blocks: VecDeque<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    text: Bytes,
    level: u8,
}

/// Blocks that melt into one.
const FAN_IN: usize = 16;

/// No block grows further once it would hold more than this: an append never copies more at once, and no more than this is
/// kept of what has left the front.
const MAX_BLOCK: usize = 2 << 20;

impl Rope {
    /// Adds text at the end.
    pub(super) fn push(&mut self, text: impl AsRef<[u8]>) {
        self.blocks.push_back(Block { text: Bytes::copy_from_slice(text.as_ref()), level: 0 });
        while self.melt() {}
    }

    /// Removes `bytes` at the front.
    pub(super) fn advance(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let Some(front) = self.blocks.front_mut() else { return };
            if front.text.len() > bytes {
                front.text = front.text.slice(bytes..);
                return;
            }
            bytes = bytes.saturating_sub(front.text.len());
            self.blocks.pop_front();
        }
    }

    /// Adds shares of the text to `out`.
    pub(super) fn share(&self, out: &mut Vec<Bytes>) {
        out.extend(self.blocks.iter().map(|block| block.text.clone()));
    }

    /// Joins the last blocks where enough of them have the same level.
    fn melt(&mut self) -> bool {
        let Some(level) = self.blocks.back().map(|block| block.level) else { return false };
        let alike = self.blocks.iter().rev().take(FAN_IN).take_while(|block| block.level == level);
        let (count, len) = alike.fold((0usize, 0usize), |(n, len), block| (n + 1, len + block.text.len()));
        if count < FAN_IN || len > MAX_BLOCK {
            return false;
        }
        let mut joined = BytesMut::with_capacity(len);
        let from = self.blocks.len().saturating_sub(FAN_IN);
        self.blocks.drain(from..).for_each(|block| joined.extend_from_slice(&block.text));
        self.blocks.push_back(Block { text: joined.freeze(), level: level.saturating_add(1) });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rope_is_like_a_plain_string() {
        let (mut rope, mut model) = (Rope::default(), String::new());
        for n in 0..5000usize {
            let text = "abcdefghij".repeat(n % 13);
            rope.push(&text);
            model.push_str(&text);
            if n > 1000 {
                let cut = (n * 7 % 150).min(model.len());
                rope.advance(cut);
                model.drain(..cut);
            }
            if n % 100 == 0 {
                let mut parts = Vec::new();
                rope.share(&mut parts);
                assert_eq!(parts.concat(), model.as_bytes());
                assert!(parts.len() < 60, "{}", parts.len());
            }
        }
    }
}
