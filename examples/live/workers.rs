//! The threads that decode, scale and encode: as many as there are cores, fed first in, first out.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use headend::ladder::{Done, Work};
use tokio::sync::mpsc;

/// A pool that runs [`Work`]; dropping it lets the threads end when their queue is empty.
#[derive(Debug)]
pub(crate) struct Workers {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    wakes: Condvar,
}

#[derive(Debug, Default)]
struct State {
    works: VecDeque<Work>,
    is_closed: bool,
}

impl Workers {
    /// Starts the threads; every result goes to `done`.
    pub(crate) fn start(done: &mpsc::UnboundedSender<Done>) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        for n in 0..thread::available_parallelism()?.get() {
            let (queue, done) = (Arc::clone(&queue), done.clone());
            thread::Builder::new().name(format!("work-{n}")).spawn(move || {
                let _end = EndOnPanic;
                while let Some(work) = queue.next() {
                    if done.send(work.run()).is_err() {
                        break;
                    }
                }
            })?;
        }
        Ok(Self { queue })
    }

    pub(crate) fn push(&self, work: Work) {
        self.queue.lock().works.push_back(work);
        self.queue.wakes.notify_one();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.wakes.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.works.pop_front() {
                return Some(work);
            }
            if state.is_closed {
                return None;
            }
            state = self.wakes.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A lane whose state is gone would stall the channel without a word: better to end where somebody restarts it.
struct EndOnPanic;

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("live: a codec thread panicked; this is a bug");
            std::process::exit(1);
        }
    }
}
