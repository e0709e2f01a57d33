//! A request on its way to the operation that it names.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::answer::{Answer, GraphError};
use crate::odata::query::{ListOptions, Query};
use crate::odata::version::Version;

/// A request as the core sees it; it holds a token, so it is never written out.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as it was sent, percent-encoding and all.
    pub(crate) path: String,
    /// The query as it was sent, without the question mark.
    pub(crate) query: String,
    /// What the `Authorization` header holds.
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    /// What the `If-Match` header holds.
    pub(crate) if_match: Option<String>,
    /// Whether the length of the body is known or the body is sent in chunks.
    pub(crate) has_length: bool,
    pub(crate) body: Vec<u8>,
    /// What links start with: where the caller, or the proxy before it, reaches the service.
    pub(crate) origin: String,
}

/// A request once its path is understood.
pub(crate) struct Call<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) version: Version,
    pub(crate) query: Query,
    pub(crate) request: &'a Request,
    pub(crate) body: Option<Value>,
}

impl Call<'_> {
    /// The address of the version, to which a collection is appended.
    pub(crate) fn root(&self) -> String {
        format!("{}/{}", self.request.origin, self.version.as_str())
    }

    /// An `@odata.context` for what stands after the hash sign.
    pub(crate) fn context(&self, what: &str) -> String {
        format!("{}/$metadata#{what}", self.root())
    }

    pub(crate) fn entity_context(&self, collection: &str, select: Option<&[String]>) -> String {
        match select {
            Some(names) => self.context(&format!("{collection}({})/$entity", names.join(","))),
            None => self.context(&format!("{collection}/$entity")),
        }
    }

    pub(crate) fn json(&self) -> Result<&Value, GraphError> {
        self.body.as_ref().ok_or_else(|| {
            GraphError::bad_request(
                "The request needs a JSON body and the header 'Content-Type: application/json'.",
            )
        })
    }

    /// A page of a collection in OData's envelope.
    pub(crate) fn collection(
        &self,
        collection: &str,
        options: &ListOptions,
        items: Vec<Value>,
        total: usize,
        next_link: Option<String>,
    ) -> Answer {
        let mut body = Map::new();
        let context = match &options.select {
            Some(names) => self.context(&format!("{collection}({})", names.join(","))),
            None => self.context(collection),
        };
        body.insert("@odata.context".into(), json!(context));
        if options.count {
            body.insert("@odata.count".into(), json!(total));
        }
        if let Some(link) = next_link {
            body.insert("@odata.nextLink".into(), json!(link));
        }
        body.insert("value".into(), Value::Array(items));
        Answer::json(200, Value::Object(body))
    }
}
