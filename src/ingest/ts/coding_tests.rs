//! Codings, programs and cues over streams that are made here.
