//! OData query options.

/// Options of a call that lists.
///
/// ```
/// use msgraph_migrations::ListOptions;
///
/// let options = ListOptions::new().select(["id", "status"]).order_by(["createdDateTime desc"]).top(50);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// `$select`: the properties to return; all when empty.
    pub select: Vec<String>,
    /// `$orderby`: the properties to sort by, each optionally followed by ` desc`.
    pub order_by: Vec<String>,
    /// `$top`: the number of items on a page; 20 when absent. The largest value is not documented.
    pub top: Option<u16>,
    /// `$count`: whether to return the total number of items.
    pub count: Option<bool>,
    /// `$skiptoken`: the place to continue at, taken from a next link.
    pub skip_token: Option<String>,
}

impl ListOptions {
    /// No options: the service's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for these properties only.
    #[must_use]
    pub fn select<T: Into<String>>(mut self, properties: impl IntoIterator<Item = T>) -> Self {
        self.select = properties.into_iter().map(Into::into).collect();
        self
    }

    /// Sorts by these properties.
    #[must_use]
    pub fn order_by<T: Into<String>>(mut self, properties: impl IntoIterator<Item = T>) -> Self {
        self.order_by = properties.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for pages of this many items.
    #[must_use]
    pub fn top(mut self, items: u16) -> Self {
        self.top = Some(items);
        self
    }

    /// Asks for the total number of items.
    #[must_use]
    pub fn count(mut self) -> Self {
        self.count = Some(true);
        self
    }

    /// Continues at this place.
    #[must_use]
    pub fn skip_token(mut self, token: impl Into<String>) -> Self {
        self.skip_token = Some(token.into());
        self
    }
}

/// Options of a call that gets one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetOptions {
    /// `$select`: the properties to return; all when empty.
    pub select: Vec<String>,
}

impl GetOptions {
    /// No options: the service's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for these properties only.
    #[must_use]
    pub fn select<T: Into<String>>(mut self, properties: impl IntoIterator<Item = T>) -> Self {
        self.select = properties.into_iter().map(Into::into).collect();
        self
    }
}

/// A list as OData wants it: one comma list, or nothing at all.
pub(crate) fn comma_list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(","))
}
