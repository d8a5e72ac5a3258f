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
    /// When output leaves; without meaning for input.
    pub buffering: Buffering,
    /// Input that was read before a TLS handshake belongs to it. Only the Lua module looks at this flag.
    pub pushback: bool,
    /// Reads flush pending output first.
    pub autoflush: bool,
}

impl Default for Mode {
    fn default() -> Mode {
        Mode { text: true, buffering: Buffering::Line, pushback: true, autoflush: true }
    }
}

/// The flags of a mode that somebody has named. What is not named stays as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `t` or `b`.
    pub text: Option<bool>,
    /// `n`, `l` or `f`.
    pub buffering: Option<Buffering>,
    /// `p` or `P`.
    pub pushback: Option<bool>,
    /// `a` or `A`.
    pub autoflush: Option<bool>,
}

impl Flags {
    /// Flags from the letters `t b n l f p P a A`. The last letter of each group counts; other characters are
    /// ignored.
    pub fn parse(letters: &[u8]) -> Flags {
        let mut flags = Flags::default();
        for letter in letters {
            match letter {
                b't' | b'b' => flags.text = Some(*letter == b't'),
                b'n' => flags.buffering = Some(Buffering::No),
                b'l' => flags.buffering = Some(Buffering::Line),
                b'f' => flags.buffering = Some(Buffering::Full),
                b'p' | b'P' => flags.pushback = Some(*letter == b'p'),
                b'a' | b'A' => flags.autoflush = Some(*letter == b'a'),
                _ => {}
            }
        }
        flags
    }
}

impl From<Mode> for Flags {
    fn from(mode: Mode) -> Flags {
        Flags {
            text: Some(mode.text),
            buffering: Some(mode.buffering),
            pushback: Some(mode.pushback),
            autoflush: Some(mode.autoflush),
        }
    }
}

impl Mode {
    /// This mode, with the flags that are named put in the place of its own.
    pub fn with(self, flags: Flags) -> Mode {
        Mode {
            text: flags.text.unwrap_or(self.text),
            buffering: flags.buffering.unwrap_or(self.buffering),
            pushback: flags.pushback.unwrap_or(self.pushback),
            autoflush: flags.autoflush.unwrap_or(self.autoflush),
        }
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
