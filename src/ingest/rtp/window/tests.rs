//! The window by hand, and against a plain model.

use super::*;

/// Pushes `sequence` and says what came out: payload numbers, and losses as negative numbers.
fn run(window: &mut Window, sequence: u16, at: u64) -> (Place, Vec<i64>) {
    let mut ready = VecDeque::new();
    let now = Duration::from_millis(at);
    window.expire(now, &mut ready);
    let payload = Bytes::copy_from_slice(&sequence.to_be_bytes());
    let place = window.push((sequence, at as u32), payload, now, &mut ready);
    (place, ready.into_iter().map(number).collect())
}

fn number(ready: Ready) -> i64 {
    match ready {
        Ready::Payload(payload) => u16::from_be_bytes([payload[0], payload[1]]).into(),
        Ready::Fault(Fault::Loss { lost, .. }) => -(lost as i64),
        Ready::Fault(_) | Ready::NewSource => 0,
    }
}

/// A window that has let go everything before `next`.
fn settled(packets: u16, wait: Duration, next: u16) -> Window {
    let mut window = Window::new(packets, wait);
    for back in (1..=4).rev() {
        run(&mut window, next.wrapping_sub(back), 0);
    }
    assert_eq!(window.distance(next), 0);
    window
}

#[test]
fn a_feed_may_begin_out_of_order() {
    let mut window = Window::new(16, MAX_TIME);
    for sequence in [2, 3, 1] {
        assert_eq!(run(&mut window, sequence, 0), (Place::Taken, vec![]));
    }
    assert_eq!(run(&mut window, 0, 0), (Place::Taken, vec![0, 1, 2, 3]));
    assert_eq!(run(&mut window, 4, 0), (Place::Taken, vec![4]));
    let mut window = Window::new(16, MAX_TIME);
    assert_eq!(run(&mut window, 9, 0), (Place::Taken, vec![]));
    assert_eq!(window.deadline(), Some(SETTLE_TIME));
    assert_eq!(run(&mut window, 10, 20), (Place::Taken, vec![9, 10]));
}

#[test]
fn in_order_nothing_waits_over_the_wrap_row_26() {
    let mut window = settled(16, MAX_TIME, 65_534);
    for sequence in [65_534, 65_535, 0, 1] {
        assert_eq!(run(&mut window, sequence, 0), (Place::Taken, vec![sequence.into()]));
        assert_eq!(window.deadline(), None);
    }
}

#[test]
fn reordered_duplicate_and_late_rows_22_and_23() {
    let mut window = settled(4, MAX_TIME, 10);
    assert_eq!(run(&mut window, 10, 0), (Place::Taken, vec![10]));
    assert_eq!(run(&mut window, 12, 1), (Place::Taken, vec![]));
    assert_eq!(run(&mut window, 12, 1), (Place::Duplicate, vec![]));
    assert_eq!(run(&mut window, 11, 2), (Place::Taken, vec![11, 12]));
    assert_eq!(run(&mut window, 10, 3), (Place::Duplicate, vec![]));
    assert_eq!(run(&mut window, 14, 3), (Place::Taken, vec![]));
    assert_eq!(run(&mut window, 17, 4), (Place::Taken, vec![-1, 14]));
    assert_eq!(run(&mut window, 13, 4), (Place::Late, vec![]));
    assert_eq!(run(&mut window, 13, 4), (Place::Duplicate, vec![]));
    assert_eq!(window.deadline(), Some(Duration::from_millis(504)));
    assert_eq!(run(&mut window, 18, 504), (Place::Taken, vec![-2, 17, 18]));
    assert_eq!(window.deadline(), None);
}

#[test]
fn a_burst_longer_than_the_window_is_counted_whole_row_21() {
    let mut window = settled(8, Duration::from_millis(20), 0);
    run(&mut window, 0, 0);
    assert_eq!(run(&mut window, 1001, 0), (Place::Taken, vec![-993]));
    assert_eq!(run(&mut window, 1002, 5), (Place::Taken, vec![-7, 1001, 1002]));
}

#[test]
fn a_restart_lets_everything_go() {
    let (mut window, mut ready) = (settled(8, MAX_TIME, 5), VecDeque::new());
    run(&mut window, 5, 0);
    run(&mut window, 8, 0);
    run(&mut window, 9, 0);
    window.restart(&mut ready);
    assert_eq!(ready.into_iter().map(number).collect::<Vec<_>>(), [-2, 8, 9]);
    assert_eq!(run(&mut window, 60_000, 0), (Place::Taken, vec![]));
    assert_eq!(run(&mut window, 60_001, 20), (Place::Taken, vec![60_000, 60_001]));
}

/// What a window must do, in numbers that do not wrap and with nothing kept smartly.
#[derive(Debug, Default)]
struct Model {
    max: u64,
    next: u64,
    held: std::collections::BTreeSet<u64>,
    out: Vec<i64>,
}

impl Model {
    fn push(&mut self, n: u64, came: &std::collections::BTreeSet<u64>) -> Place {
        if n < self.next {
            return if came.contains(&n) { Place::Duplicate } else { Place::Late };
        }
        while n - self.next >= self.max {
            match self.held.first().copied() {
                Some(first) => self.skip_to(first),
                None => self.skip_to(n + 1 - self.max),
            }
        }
        let is_new = self.held.insert(n);
        while self.held.remove(&self.next) {
            self.out.push((self.next % 65_536) as i64);
            self.next += 1;
        }
        if is_new { Place::Taken } else { Place::Duplicate }
    }

    fn skip_to(&mut self, n: u64) {
        self.out.push(-((n - self.next) as i64));
        self.next = n;
        while self.held.remove(&self.next) {
            self.out.push((self.next % 65_536) as i64);
            self.next += 1;
        }
    }
}

#[test]
fn rows_20_to_23_any_loss_order_and_repetition_agree_with_a_plain_model() {
    let (mut losses, mut lates) = (0, 0);
    for seed in 0..300 {
        let mut random = crate::ingest::rig::Random(seed);
        let max = 1 + random.below(40) as u64;
        let first = 65_536 - random.below(200) as u64;
        let mut window = settled(max as u16, MAX_TIME, (first % 65_536) as u16);
        let mut model = Model { max, next: first, ..Model::default() };
        let (mut came, mut out) = ((first - 4..first).collect(), Vec::new());
        let (spread, one_in) = (1 + random.below(60), 2 + random.below(30));
        let mut sent: Vec<u64> = (first..first + 400).collect();
        (0..sent.len() - spread).for_each(|at| sent.swap(at, at + random.below(spread)));
        for n in sent {
            if random.below(one_in) == 0 {
                continue;
            }
            for _ in 0..1 + usize::from(random.below(8) == 0) {
                let expected = model.push(n, &came);
                came.insert(n);
                let (place, found) = run(&mut window, (n % 65_536) as u16, 0);
                assert_eq!(place, expected, "seed {seed}: {n}");
                lates += u64::from(place == Place::Late);
                out.extend(found);
            }
        }
        // Losses may be told in more pieces or fewer, but in the same places.
        assert_eq!(joined(&out), joined(&model.out), "seed {seed}");
        losses += out.iter().filter(|n| **n < 0).count();
        let lost: i64 = out.iter().filter(|n| **n < 0).sum();
        let delivered = out.iter().filter(|n| **n >= 0).count() as i64;
        assert_eq!(delivered - lost, i64::from(model.next as u32) - i64::from(first as u32), "seed {seed}");
    }
    assert!(losses > 1000 && lates > 1000, "{losses} {lates}");
}

/// The same with losses that follow each other added up.
fn joined(out: &[i64]) -> Vec<i64> {
    let mut all: Vec<i64> = Vec::new();
    for n in out {
        match all.last_mut() {
            Some(last) if *last < 0 && *n < 0 => *last += n,
            _ => all.push(*n),
        }
    }
    all
}
