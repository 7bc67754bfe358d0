//! The bytes of one file, with the holes of a sparse one filled.

use std::io::{self, BufRead, Read};

use super::sparse::Segment;
use super::walk::Stream;

/// The bytes of the entry that a [`Walk`](super::Walk) stands at.
pub struct Content<'w, R> {
    stream: &'w mut Stream<R>,
    shape: Shape<'w>,
}

enum Shape<'w> {
    Whole,
    Sparse { segments: &'w [Segment], at: u64, size: u64 },
}

impl<'w, R: BufRead> Content<'w, R> {
    pub(super) fn new(
        stream: &'w mut Stream<R>,
        segments: Option<&'w [Segment]>,
        size: u64,
    ) -> Self {
        let shape = match segments {
            None => Shape::Whole,
            Some(segments) => Shape::Sparse { segments, at: 0, size },
        };
        Self { stream, shape }
    }
}

impl<R: BufRead> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Shape::Sparse { segments, at, size } = &mut self.shape else {
            return self.stream.read_content(buffer);
        };
        while segments.first().is_some_and(|it| it.offset + it.length <= *at) {
            *segments = &segments[1..];
        }
        let (is_hole, end) = match segments.first() {
            Some(run) if run.offset <= *at => (false, run.offset + run.length),
            Some(run) => (true, run.offset),
            None => (true, *size),
        };
        let room = usize::try_from(end - *at).unwrap_or(usize::MAX).min(buffer.len());
        let read = match is_hole {
            true => {
                buffer[..room].fill(0);
                room
            }
            false => self.stream.read_content(&mut buffer[..room])?,
        };
        *at += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> Stream<R> {
    fn read_content(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.content_left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let available = self.reader.fill_buf()?;
        let room = usize::try_from(self.content_left).unwrap_or(usize::MAX);
        let read = available.len().min(room).min(buffer.len());
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer[..read].copy_from_slice(&available[..read]);
        self.reader.consume(read);
        self.content_left -= read as u64;
        Ok(read)
    }
}
