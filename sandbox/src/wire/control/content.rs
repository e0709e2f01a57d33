//! What a control endpoint answers.

use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::wire::stream::Writing;

/// An answer in JSON.
pub(in crate::wire) enum Content {
    Json(Value),
    /// One that may be large, and is written out while it is being sent.
    Written(Writing),
}

impl Content {
    /// An answer that is written out from what it was made of, without the engine.
    pub(super) fn written(json: impl Serialize + Send + 'static) -> Self {
        Self::Written(Box::new(move |writer| {
            serde_json::to_writer(writer, &json).map_err(io::Error::from)
        }))
    }
}
