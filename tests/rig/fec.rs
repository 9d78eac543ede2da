//! A sender of SMPTE ST 2022-1: the FEC packets that go beside a feed of RTP datagrams, block by block.
#![allow(dead_code, reason = "each test that takes this in uses some of it")]

use std::collections::BTreeSet;

/// A matrix of so many columns (L) and rows (D), and which of the two streams are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) has_columns: bool,
    pub(crate) has_rows: bool,
}

impl Matrix {
    pub(crate) const fn both(columns: usize, rows: usize) -> Self {
        Self { columns, rows, has_columns: true, has_rows: true }
    }

    pub(crate) const fn size(self) -> usize {
        self.columns * self.rows
    }

    /// What each FEC packet protects, and after which datagram it is sent: a row at once, the columns of a matrix spread
    /// over the next one. What is left over at the end is not protected.
    pub(crate) fn groups(self, datagrams: usize) -> Vec<(usize, bool, Vec<usize>)> {
        let mut all = Vec::new();
        for block in (0..datagrams / self.size()).map(|block| block * self.size()) {
            for row in (0..self.rows).map(|row| block + row * self.columns).filter(|_| self.has_rows) {
                all.push((row + self.columns - 1, true, (row..row + self.columns).collect()));
            }
            for column in (0..self.columns).filter(|_| self.has_columns) {
                let members = (0..self.rows).map(|row| block + row * self.columns + column).collect();
                let after = (block + self.size() + column * self.rows).min(datagrams - 1);
                all.push((after, false, members));
            }
        }
        all.sort_by_key(|(after, ..)| *after);
        all
    }

    /// The FEC packets of a feed, each with the number of the datagram after which it is sent.
    pub(crate) fn protect(self, media: &[impl AsRef<[u8]>]) -> Vec<(usize, Vec<u8>)> {
        let all = self.groups(media.len()).into_iter().zip(0u16..).map(|((after, is_row, members), n)| {
            let offset = if is_row { 1 } else { self.columns };
            let members: Vec<&[u8]> = members.into_iter().map(|index| media[index].as_ref()).collect();
            (after, packet(n, is_row, offset as u8, &members))
        });
        all.collect()
    }

    /// The datagrams that stay lost when all FEC packets arrive, by peeling: a plain model of what can be repaired.
    pub(crate) fn unrepairable(self, datagrams: usize, lost: &BTreeSet<usize>) -> BTreeSet<usize> {
        let (mut lost, groups) = (lost.clone(), self.groups(datagrams));
        loop {
            let repaired = groups.iter().find_map(|(_, _, members)| {
                let mut missing = members.iter().filter(|index| lost.contains(index));
                missing.next().filter(|_| missing.next().is_none())
            });
            match repaired {
                Some(index) => lost.remove(index),
                None => return lost,
            };
        }
    }
}

/// The XOR of some datagrams, as a FEC packet.
pub(crate) fn packet(n: u16, is_row: bool, offset: u8, members: &[&[u8]]) -> Vec<u8> {
    let longest = members.iter().map(|member| member.len() - 12).max().unwrap_or(0);
    let (mut head, mut len, mut body) = ([0u8; 8], 0u16, vec![0u8; longest]);
    for member in members {
        (0..8).for_each(|at| head[at] ^= member[at]);
        len ^= (member.len() - 12) as u16;
        member[12..].iter().zip(&mut body).for_each(|(byte, sum)| *sum ^= byte);
    }
    let base = &members[0][2..4];
    let rtp = [&[0x80 | head[0] & 0x3F, head[1] & 0x80 | 96], &n.to_be_bytes()[..], &[0; 8]].concat();
    let kind = if is_row { 0x40 } else { 0 };
    let fec = [base, &len.to_be_bytes(), &[0x80 | head[1] & 0x7F, 0, 0, 0], &head[4..8]].concat();
    [&rtp[..], &fec, &[kind, offset, members.len() as u8, 0], &body].concat()
}
