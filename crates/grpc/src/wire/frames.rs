//! Messages on the wire: five bytes of header, then so many of payload.

use bytes::Buf;

use super::{Framing, base64::Decoder, web::Trailers};
use crate::code::Code;

const HEADER: usize = 5;
/// Marks the frame of gRPC-Web that holds the trailers.
const TRAILERS: u8 = 0x80;

/// What has passed since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Messages whose last byte has passed.
    pub(crate) messages: u64,
    /// The bytes of those messages as they were sent, compressed or not, without the headers.
    pub(crate) bytes: u64,
}

/// Follows the messages of one direction through frames that need not end where a message does. It
/// looks at the headers only, and keeps nothing else.
#[derive(Debug)]
pub(crate) struct Reader {
    header: [u8; HEADER],
    /// How many bytes of the header have passed.
    filled: u8,
    /// How many bytes of the payload have not.
    left: u32,
    web: Option<Box<Web>>,
}

#[derive(Debug)]
struct Web {
    text: Option<Decoder>,
    trailers: Trailers,
}

impl Reader {
    pub(crate) fn new(framing: Framing) -> Self {
        let web = |text| {
            Some(Box::new(Web {
                text,
                trailers: Trailers::default(),
            }))
        };
        Self {
            header: [0; HEADER],
            filled: 0,
            left: 0,
            web: match framing {
                Framing::Grpc => None,
                Framing::Web => web(None),
                Framing::WebText => web(Some(Decoder::default())),
            },
        }
    }

    /// Reads on, and says which messages that has completed.
    pub(crate) fn read(&mut self, data: &[u8]) -> Passed {
        let mut passed = Passed::default();
        let decoder = self.web.as_mut().and_then(|web| web.text.take());
        match decoder {
            None => self.read_binary(data, &mut passed),
            Some(mut decoder) => {
                decoder.decode(data, |data| self.read_binary(data, &mut passed));
                if let Some(web) = &mut self.web {
                    web.text = Some(decoder);
                }
            }
        }
        passed
    }

    /// The status that a body of gRPC-Web ended with, once it has.
    pub(crate) fn status(&self) -> Option<Code> {
        self.web.as_ref()?.trailers.status()
    }

    fn read_binary(&mut self, mut data: &[u8], passed: &mut Passed) {
        while !data.is_empty() {
            let filled = usize::from(self.filled);
            if filled < HEADER {
                let (new, rest) = data.split_at(data.len().min(HEADER - filled));
                self.header[filled..filled + new.len()].copy_from_slice(new);
                self.filled += new.len() as u8;
                data = rest;
                if usize::from(self.filled) < HEADER {
                    return;
                }
                self.left = self.length();
            } else {
                let here = data.len().min(self.left as usize);
                let (payload, rest) = data.split_at(here);
                if let Some(web) = self.web.as_mut().filter(|_| self.header[0] & TRAILERS != 0) {
                    web.trailers.read(payload);
                }
                self.left -= here as u32;
                data = rest;
            }
            if self.left == 0 {
                self.complete(passed);
            }
        }
    }

    fn length(&self) -> u32 {
        let [_, length @ ..] = self.header;
        u32::from_be_bytes(length)
    }

    fn complete(&mut self, passed: &mut Passed) {
        self.filled = 0;
        match &mut self.web {
            Some(web) if self.header[0] & TRAILERS != 0 => web.trailers.end(),
            _ => {
                passed.messages += 1;
                passed.bytes += u64::from(self.length());
            }
        }
    }
}

/// Shows the pieces of a buffer without taking them out of it.
pub(crate) fn each_chunk(data: &impl Buf, mut each: impl FnMut(&[u8])) {
    let chunk = data.chunk();
    if chunk.len() == data.remaining() {
        each(chunk);
        return;
    }
    let mut chunks = [std::io::IoSlice::new(&[]); 16];
    let count = data.chunks_vectored(&mut chunks);
    for chunk in &chunks[..count] {
        each(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::{Framing, Passed, Reader};
    use crate::code::Code;

    fn framed(flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![flags];
        frame.extend((payload.len() as u32).to_be_bytes());
        frame.extend(payload);
        frame
    }

    fn read_in_steps(framing: Framing, wire: &[u8], step: usize) -> (Passed, Option<Code>) {
        let mut reader = Reader::new(framing);
        let mut sum = Passed::default();
        for piece in wire.chunks(step) {
            let passed = reader.read(piece);
            sum.messages += passed.messages;
            sum.bytes += passed.bytes;
        }
        (sum, reader.status())
    }

    #[test]
    fn messages_are_counted_wherever_frames_are_cut() {
        let sizes = [0, 1, 5, 300, 0, 7];
        let wire: Vec<u8> = sizes
            .iter()
            .flat_map(|size| framed(1, &vec![0x80; *size]))
            .collect();
        for step in 1..=wire.len() {
            let (passed, status) = read_in_steps(Framing::Grpc, &wire, step);
            assert_eq!(
                (passed.messages, passed.bytes, status),
                (6, 313, None),
                "{step}"
            );
        }
    }

    #[test]
    fn a_message_that_is_cut_off_is_none() {
        let wire = framed(0, b"hello");
        for length in 0..wire.len() {
            let (passed, _) = read_in_steps(Framing::Grpc, &wire[..length], 3);
            assert_eq!(passed, Passed::default(), "{length}");
        }
    }

    /// As peers write it: each frame in base64 of its own, padded.
    fn base64(data: &[u8]) -> Vec<u8> {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = Vec::new();
        for group in data.chunks(3) {
            let bits = group
                .iter()
                .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - group.len()));
            for place in 0..4 {
                text.push(if place <= group.len() {
                    LETTERS[(bits >> (18 - 6 * place) & 63) as usize]
                } else {
                    b'='
                });
            }
        }
        text
    }

    #[test]
    fn the_status_of_grpc_web_is_in_its_last_frame() {
        for (trailers, expected) in [
            (&b"grpc-status:0\r\n"[..], Some(Code::Ok)),
            (
                b"grpc-message:grpc-status: 3\r\ngrpc-status: 5\r\n",
                Some(Code::NotFound),
            ),
            (b"Grpc-Status:16", Some(Code::Unauthenticated)),
            (b"grpc-status:17\r\n", Some(Code::Unknown)),
            (b"grpc-status:\r\n", Some(Code::Unknown)),
            (b"grpc-statusx:1\r\n", None),
            (b"", None),
        ] {
            let frames = [framed(0, b"hello"), framed(0x80, trailers)];
            let (binary, text) = (frames.concat(), frames.map(|frame| base64(&frame)).concat());
            for (framing, wire) in [(Framing::Web, binary), (Framing::WebText, text)] {
                for step in 1..=wire.len() {
                    let (passed, status) = read_in_steps(framing, &wire, step);
                    assert_eq!((passed.messages, passed.bytes), (1, 5));
                    assert_eq!(status, expected, "{framing:?} {step}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_not_read_past() {
        let (passed, status) = read_in_steps(Framing::WebText, b"AAAA\x00*AA AAA=", 2);
        assert_eq!((passed, status), (Passed::default(), None));
    }
}
