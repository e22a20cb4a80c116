//! The last frame of a gRPC-Web body: trailers as lines of text.

use crate::code::Code;

const NAME: &[u8] = b"grpc-status:";

/// Finds the status among the lines. No more of a line is kept than a status needs.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    line: [u8; 24],
    len: usize,
    status: Option<Code>,
    ended: bool,
}

impl Trailers {
    pub(super) fn read(&mut self, data: &[u8]) {
        for &byte in data {
            if byte == b'\n' {
                self.end_line();
            } else if let Some(place) = self.line.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
    }

    pub(super) fn end(&mut self) {
        self.end_line();
        self.ended = true;
    }

    pub(super) fn status(&self) -> Option<Code> {
        self.status.filter(|_| self.ended)
    }

    fn end_line(&mut self) {
        let line = &self.line[..self.len];
        if let Some((name, value)) = line.split_at_checked(NAME.len())
            && name.eq_ignore_ascii_case(NAME)
        {
            self.status = Some(Code::parse(value.trim_ascii()));
        }
        self.len = 0;
    }
}
