//! Keeps the ladder's lanes busy and puts their results back in timeline order.

mod frames;
mod hearing;
mod losses;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    channel::pipeline::{frames::FrameQueue, hearing::Heard, losses::Losses},
    error::Fault,
    ladder::{
        DecodeJob, DecodeLane, DecodeOp, Job, Lane, OpenLadder, Outcome, PictureDone, PictureJob, PictureLane,
        PictureStep, RungJob, RungLane, RungOp, SoundDone, SoundJob, SoundLane, SoundOp, Thumbnail, Work,
    },
    media::{AccessUnit, FrameRate, TrackId},
    splice::{Loss, LossPolicy, Slot},
    time::MediaTime,
};

/// The lanes of one ladder between the switcher and the segmenter.
///
/// ```text
/// access units ─► decode ─► frames ─┐
///                                   ├─► picture ─► rung 0 … rung n ─► encoded
/// slots ────────────────────────────┤
///                            silence, 1 s before
/// sound steps ─► sound 0 … sound n ─┴───────────────────────────────► encoded
/// ```
pub(super) struct Pipeline {
    generation: u64,
    decode: Slotted<DecodeLane, DecodeOp>,
    frames: FrameQueue,
    picture: Slotted<Box<PictureLane>, (InPicture, PictureStep)>,
    /// Of each frame of the picture work that is out, in order.
    in_picture: VecDeque<InPicture>,
    /// Captions of the slots that have not come to the rungs, by their time.
    captions: VecDeque<(MediaTime, Bytes)>,
    rungs: Vec<Slotted<Box<RungLane>, RungOp>>,
    /// One for each audio output.
    sounds: Vec<Slotted<Box<SoundLane>, SoundOp>>,
    /// `None` where no stage of the loss policy is for silence.
    heard: Option<Heard>,
    losses: Losses,
    encoded: VecDeque<AccessUnit>,
    faults: VecDeque<Fault>,
}

/// A lane's state while it is home, and what waits for it.
struct Slotted<State, Op> {
    state: Option<State>,
    ops: VecDeque<Op>,
}

/// Track id of the first audio output; rungs count from zero.
const FIRST_SOUND: u32 = 1000;

/// Track id of an audio output.
pub(super) const fn sound_track(output: usize) -> TrackId {
    TrackId(FIRST_SOUND + output as u32)
}

/// Whether this is the track of an audio output.
pub(super) const fn is_sound(track: TrackId) -> bool {
    track.0 >= FIRST_SOUND
}

/// A frame of the picture work that is out.
struct InPicture {
    pts: MediaTime,
    /// It starts a segment.
    force_idr: bool,
    /// Frames come at another rate from here on.
    rate: Option<FrameRate>,
    /// What the switcher knows of it.
    loss: Option<Loss>,
}

impl Pipeline {
    /// Access units that may wait for the decoder: four seconds at 60 fps. Past that they are dropped up to an IDR.
    const DECODE_WAITS: usize = 240;
    /// A host that can should stop reading its socket when this many wait.
    const DECODE_IS_FULL: usize = 90;
    /// Decoded pictures that may wait for their slot; a 1080p picture is 3 MB.
    const FRAMES_WAIT: usize = 6;
    /// Pictures that may wait for a rung's encoder.
    const RUNG_WAITS: usize = 6;
    /// Output frames that may wait for their picture: eight seconds. Past that frames are left out.
    const SLOTS_WAIT: usize = 240;
    /// Steps of sound that may wait for one output's lane.
    const SOUND_WAITS: usize = 2048;
    /// Access units or pictures in one work: big enough that handing over costs nothing, small enough to spread.
    const BATCH: usize = 4;

    pub(super) fn new(ladder: OpenLadder, policy: LossPolicy, generation: u64) -> Self {
        let heard = (!policy.silence.is_empty()).then(|| Heard::new(ladder.sounds.iter().map(SoundLane::frames)));
        Self {
            heard,
            losses: Losses::new(policy),
            generation,
            decode: Slotted::new(ladder.decode),
            frames: FrameQueue::default(),
            picture: Slotted::new(ladder.picture),
            in_picture: VecDeque::new(),
            captions: VecDeque::new(),
            rungs: ladder.rungs.into_iter().map(|encoder| Slotted::new(Box::new(RungLane::new(encoder)))).collect(),
            sounds: ladder.sounds.into_iter().map(Box::new).map(Slotted::new).collect(),
            encoded: VecDeque::new(),
            faults: VecDeque::new(),
        }
    }

    /// Queues a step for the decoder; `false` where the queue is full and the step was dropped.
    pub(super) fn push_decode(&mut self, op: DecodeOp) -> bool {
        let is_unit = matches!(op, DecodeOp::Unit(_));
        if is_unit && self.decode.ops.len() >= Self::DECODE_WAITS {
            return false;
        }
        // What was asked for since the last unit: a peer that changes its mind all the time is heard once.
        let mut asked = self.decode.ops.iter_mut().rev().take_while(|asked| !matches!(asked, DecodeOp::Unit(_)));
        match op {
            DecodeOp::Unit(_) => self.frames.unit_pushed(),
            DecodeOp::Flush if asked.any(|asked| matches!(asked, DecodeOp::Flush)) => return true,
            DecodeOp::Flush => self.frames.flush_pushed(),
            DecodeOp::Open(_) => {
                if let Some(asked) = asked.find(|asked| matches!(asked, DecodeOp::Open(_))) {
                    *asked = op;
                    return true;
                }
            }
        }
        self.decode.ops.push_back(op);
        true
    }

    /// Queues an output frame; `rate` where frames come at another rate from it on. `false` where it was left out.
    pub(super) fn push_slot(&mut self, slot: Slot, rate: Option<FrameRate>) -> bool {
        let ceiling = if slot.starts_segment || rate.is_some() { 2 * Self::SLOTS_WAIT } else { Self::SLOTS_WAIT };
        let fits = self.frames.waiting() < ceiling;
        if fits {
            self.frames.push_slot(slot, rate);
        }
        fits
    }

    /// Gives captions, as an ITU-T T.35 payload, to the slot that was pushed last, whose time is `at`.
    pub(super) fn push_captions(&mut self, at: MediaTime, captions: Bytes) {
        self.captions.push_back((at, captions));
    }

    /// Queues a step for the sound of one output; `false` where it was dropped.
    pub(super) fn push_sound(&mut self, output: usize, op: SoundOp) -> bool {
        let fits = |sound: &&mut Slotted<_, _>| sound.ops.len() < Self::SOUND_WAITS;
        let Some(sound) = self.sounds.get_mut(output).filter(fits) else { return false };
        sound.ops.push_back(op);
        true
    }

    /// Up to where sound should be settled for the newest frame, where it is not yet said by which sound that is judged.
    pub(super) fn wants_sound(&self) -> Option<MediaTime> {
        self.heard.as_ref().zip(self.frames.newest_unjudged()).map(|(heard, at)| heard.wants(at))
    }

    /// Sound is settled up to `settled`, or steps that do it are queued: new frames are judged by it.
    pub(super) fn judge(&mut self, settled: MediaTime) {
        if let Some(heard) = &self.heard {
            self.frames.judge(|at| heard.judged_by(at, settled));
        }
    }

    /// Whether so much waits for the decoder that the host should stop reading for a while.
    pub(super) fn is_full(&self) -> bool {
        self.decode.ops.len() >= Self::DECODE_IS_FULL
    }

    /// The next work for the host, the lanes nearest to the output first.
    pub(super) fn next_work(&mut self) -> Option<Work> {
        self.resolve();
        self.rung_work().or_else(|| self.sound_work()).or_else(|| self.picture_work()).or_else(|| self.decode_work())
    }

    /// Takes a result back.
    pub(super) fn done(&mut self, lane: Lane, outcome: Outcome) {
        match (lane, outcome) {
            (Lane::Decode, Outcome::Decode(done)) => {
                self.decode.state = Some(done.lane);
                self.frames.extend(done.decoded, done.units);
            }
            (Lane::Picture, Outcome::Picture(done)) => self.take_pictures(done),
            (Lane::Rung(n), Outcome::Rung(done)) => {
                let Some(rung) = self.rungs.get_mut(n) else { return };
                rung.state = Some(done.lane);
                for unit in done.units {
                    match unit {
                        Ok(unit) => self.encoded.push_back(AccessUnit { track: TrackId(n as u32), ..unit }),
                        Err(fault) => self.faults.push_back(fault),
                    }
                }
            }
            (Lane::Sound(n), Outcome::Sound(done)) => self.take_sound(n, done),
            // A result of another lane's kind cannot be built: `Work::run` keeps lane and job together.
            _ => {}
        }
    }

    fn take_pictures(&mut self, PictureDone { lane, pictures, acts }: PictureDone) {
        self.picture.state = Some(lane);
        let mut pictures = pictures.into_iter();
        for acts in acts {
            let Some(InPicture { pts, force_idr, rate, loss }) = self.in_picture.pop_front() else { break };
            self.losses.take(pts, loss, acts);
            let captions = self.captions.pop_front_if(|(at, _)| *at == pts).map(|(_, captions)| captions);
            for (rung, frame) in self.rungs.iter_mut().zip(pictures.by_ref()) {
                rung.ops.extend(rate.map(RungOp::FrameRate));
                rung.ops.push_back(RungOp::Encode { frame, force_idr, captions: captions.clone() });
            }
        }
    }

    fn take_sound(&mut self, n: usize, SoundDone { lane, out }: SoundDone) {
        let is_one_of_several = self.sounds.len() > 1;
        let Some(sound) = self.sounds.get_mut(n) else { return };
        sound.state = Some(lane);
        self.faults.extend(out.faults.into_iter().map(|fault| match fault {
            Fault::Codec { what } if is_one_of_several => Fault::Codec { what: format!("sound {n}: {what}") },
            fault => fault,
        }));
        let track = sound_track(n);
        self.encoded.extend(out.units.into_iter().map(|unit| AccessUnit { track, ..unit }));
        if let Some(heard) = &mut self.heard {
            heard.take(n, out.heard.into_iter(), out.until);
        }
    }

    /// The next coded access unit: in order within its track.
    pub(super) fn pull(&mut self) -> Option<AccessUnit> {
        self.encoded.pop_front()
    }

    /// The stage of the loss policy that acts in the newest frame whose picture is made.
    pub(super) const fn loss(&self) -> Option<Loss> {
        self.losses.acts()
    }

    /// The next change of it, and the first frame with it.
    pub(super) fn pull_loss(&mut self) -> Option<(Option<Loss>, MediaTime)> {
        self.losses.pull()
    }

    /// Why no decoder takes the contribution's pictures, once.
    pub(super) fn pull_refusal(&mut self) -> Option<Fault> {
        self.frames.pull_refusal()
    }

    /// The next thumbnail of the contribution.
    pub(super) fn pull_thumbnail(&mut self) -> Option<Thumbnail> {
        self.frames.pull_thumbnail()
    }

    /// The next thing that a codec complained about.
    pub(super) fn pull_fault(&mut self) -> Option<Fault> {
        self.faults.pop_front().or_else(|| self.frames.pull_fault())
    }

    /// Gives every slot whose picture is known, and the sound that it is judged by, to the picture lane.
    fn resolve(&mut self) {
        while self.picture.ops.len() < Self::BATCH {
            let judged_by = self.frames.judged_by();
            if let (Some(heard), Some(at)) = (&self.heard, judged_by)
                && !heard.knows(at)
            {
                break;
            }
            let Some((slot, rate, op)) = self.frames.resolve() else { break };
            let Slot { pts, starts_segment: force_idr, loss, .. } = slot;
            let quiet = self.heard.as_mut().zip(judged_by).and_then(|(heard, at)| heard.quiet_for(pts, at));
            self.picture.ops.push_back((InPicture { pts, force_idr, rate, loss }, PictureStep { at: pts, op, quiet }));
        }
    }

    fn rung_work(&mut self) -> Option<Work> {
        let generation = self.generation;
        self.rungs.iter_mut().enumerate().find_map(|(n, rung)| {
            let (lane, ops) = rung.take(Self::BATCH)?;
            Some(Work::new(Lane::Rung(n), generation, Job::Rung(RungJob { lane, ops })))
        })
    }

    fn picture_work(&mut self) -> Option<Work> {
        if self.rungs.iter().any(|rung| rung.ops.len() >= Self::RUNG_WAITS) {
            return None;
        }
        let (lane, ops) = self.picture.take(Self::BATCH)?;
        let (frames, steps): (Vec<_>, Vec<_>) = ops.into_iter().unzip();
        self.in_picture.extend(frames);
        Some(Work::new(Lane::Picture, self.generation, Job::Picture(PictureJob { lane, steps })))
    }

    fn sound_work(&mut self) -> Option<Work> {
        let generation = self.generation;
        self.sounds.iter_mut().enumerate().find_map(|(n, sound)| {
            let (lane, ops) = sound.take(Self::SOUND_WAITS)?;
            Some(Work::new(Lane::Sound(n), generation, Job::Sound(SoundJob { lane, ops })))
        })
    }

    fn decode_work(&mut self) -> Option<Work> {
        if self.frames.len() >= Self::FRAMES_WAIT {
            return None;
        }
        let (lane, ops) = self.decode.take(Self::BATCH)?;
        Some(Work::new(Lane::Decode, self.generation, Job::Decode(DecodeJob { lane, ops })))
    }
}

impl<State, Op> Slotted<State, Op> {
    const fn new(state: State) -> Self {
        Self { state: Some(state), ops: VecDeque::new() }
    }

    /// The state and up to `most` steps, where the state is home and there is something to do.
    fn take(&mut self, most: usize) -> Option<(State, Vec<Op>)> {
        if self.ops.is_empty() {
            return None;
        }
        let state = self.state.take()?;
        Some((state, self.ops.drain(..most.min(self.ops.len())).collect()))
    }
}
