// SPDX-License-Identifier: MIT
//! I/O modes: how bytes are translated and when output leaves.

/// When output leaves the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Buffering {
    /// At once.
    No,
    /// Whole lines.
    Line,
    /// When the buffer is full.
    Full,
}

/// The mode of one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    /// CRLF in the stream is LF for the program.
    pub text: bool,
    /// Output only.
    pub buffering: Buffering,
    /// Input read ahead of a TLS handshake belongs to it.
    pub pushback: bool,
    /// Reads flush pending output first.
    pub autoflush: bool,
}

impl Default for Mode {
    fn default() -> Mode {
        Mode { text: true, buffering: Buffering::Line, pushback: true, autoflush: true }
    }
}

impl Mode {
    /// From flags `t b n l f p P a A`; the last of each group counts, a group without flag has its
    /// default, other characters are ignored.
    pub fn parse(flags: &[u8]) -> Mode {
        let mut mode = Mode::default();
        for flag in flags {
            match flag {
                b't' => mode.text = true,
                b'b' => mode.text = false,
                b'n' => mode.buffering = Buffering::No,
                b'l' => mode.buffering = Buffering::Line,
                b'f' => mode.buffering = Buffering::Full,
                b'p' => mode.pushback = true,
                b'P' => mode.pushback = false,
                b'a' => mode.autoflush = true,
                b'A' => mode.autoflush = false,
                _ => {}
            }
        }
        mode
    }

    /// Three characters: translation, `-`, push-back.
    pub fn format_input(self) -> [u8; 3] {
        [self.translation(), b'-', if self.pushback { b'p' } else { b'P' }]
    }

    /// Three characters: translation, buffering, flushing before reads.
    pub fn format_output(self) -> [u8; 3] {
        [self.translation(), self.buffering.flag(), if self.autoflush { b'a' } else { b'A' }]
    }

    fn translation(self) -> u8 {
        if self.text {
            b't'
        } else {
            b'b'
        }
    }
}

impl Buffering {
    /// The flag letter.
    pub fn flag(self) -> u8 {
        match self {
            Buffering::No => b'n',
            Buffering::Line => b'l',
            Buffering::Full => b'f',
        }
    }
}

#[cfg(test)]
mod tests;
