//! How much of an answer is taken in, whoever wrote it.

use crate::answers::error::{Error, ErrorKind};

/// The deepest errors that may be asked for; the reader goes down a stack, and the parser allows no more than 128.
const MAX_ERROR_LEVELS: usize = 64;

/// How much of an answer is read, kept and shown, for [`ClientBuilder::answer_limits`].
///
/// The limits stand unless they are set: far more than the service is documented to send, and little enough for a
/// thousand calls at once. What is beyond one is left out or counted, and the call says what it can tell without it:
/// a success whose body is too long is [unreadable](crate::ErrorKind::Unreadable), a refusal keeps its status.
///
/// ```
/// use msgraph_migrations::{AccessToken, AnswerLimits, Client};
///
/// # fn example(token: AccessToken) -> Result<(), msgraph_migrations::Error> {
/// let limits = AnswerLimits::new().body_bytes(4 * 1024 * 1024).shown_message(200);
/// let client = Client::builder(token).answer_limits(limits).build()?;
/// # Ok(())
/// # }
/// ```
///
/// [`ClientBuilder::answer_limits`]: crate::ClientBuilder::answer_limits
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct AnswerLimits {
    pub(crate) body_bytes: usize,
    pub(crate) error_levels: usize,
    pub(crate) errors: usize,
    pub(crate) text_bytes: usize,
    pub(crate) shown_message: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self::new()
    }
}

impl AnswerLimits {
    /// The limits that stand unless they are set.
    pub const fn new() -> Self {
        Self {
            body_bytes: 64 * 1024 * 1024,
            error_levels: 16,
            errors: 128,
            text_bytes: 16 * 1024,
            shown_message: 1_000,
        }
    }

    /// The bytes of a body, 64 MiB unless set; the rest of a longer one is not read.
    pub const fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// How deep errors stand in errors, 16 levels unless set, and 64 at most.
    pub const fn error_levels(mut self, levels: usize) -> Self {
        self.error_levels = levels;
        self
    }

    /// The errors that one refusal holds on all levels, 128 unless set.
    pub const fn errors(mut self, errors: usize) -> Self {
        self.errors = errors;
        self
    }

    /// The bytes of each code and message that are kept, 16 KiB unless set.
    ///
    /// A message that is cut tells nothing about a status: half a word may be another word.
    pub const fn text_bytes(mut self, bytes: usize) -> Self {
        self.text_bytes = bytes;
        self
    }

    /// The characters of a message that a line shows, 1,000 unless set; how many more there are is said.
    pub const fn shown_message(mut self, characters: usize) -> Self {
        self.shown_message = characters;
        self
    }

    /// Refuses limits under which no answer could be told from another.
    pub(crate) fn check(self) -> Result<(), Error> {
        let refused = |name: &str, why: &str| {
            let reason = format!("the limit {name} is {why}");
            Err(Error::new(ErrorKind::Configuration, reason))
        };
        for (name, limit) in [
            ("body_bytes", self.body_bytes),
            ("error_levels", self.error_levels),
            ("errors", self.errors),
            ("text_bytes", self.text_bytes),
        ] {
            if limit == 0 {
                return refused(name, "0, so that nothing of an answer could be read");
            }
        }
        if self.error_levels > MAX_ERROR_LEVELS {
            return refused("error_levels", "more than 64, which the stack may not hold");
        }
        Ok(())
    }
}
