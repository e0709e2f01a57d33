//! Cuts a collection into pages whose next link is to be followed as it stands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::query::ListOptions;
use crate::answer::GraphError;

/// The page size when `$top` is absent.
pub(crate) const DEFAULT_PAGE: usize = 20;

/// An item that can be put on a page.
pub(crate) trait Listed {
    /// A number that never changes and tells items of one collection apart.
    fn sequence(&self) -> u64;
    /// The text to sort by, or `None` when the property cannot be sorted by.
    fn sort_key(&self, property: &str) -> Option<String>;
}

/// Where a page ended: the sort keys and the sequence of its last item.
#[derive(Serialize, Deserialize)]
struct Mark {
    keys: Vec<String>,
    sequence: u64,
    top: usize,
}

/// A page of items and the token of the next one.
pub(crate) struct Page<'a, T> {
    /// The items, in order.
    pub(crate) items: Vec<&'a T>,
    /// The token of the next page, not yet percent-encoded.
    pub(crate) next: Option<String>,
}

struct Order {
    property: String,
    descending: bool,
}

/// Takes the page that `options` ask for out of `items`, which stand in the order of the service.
///
/// A page continues after the last item seen rather than at a position, so that items created or removed
/// between two requests move nothing from one page to another.
pub(crate) fn take<'a, T: Listed>(
    items: Vec<&'a T>,
    properties: &[&str],
    newest_first: bool,
    options: &ListOptions,
    largest: usize,
) -> Result<Page<'a, T>, GraphError> {
    let orders = orders(options.orderby.as_deref(), properties)?;
    let mark = options.skiptoken.as_deref().map(read).transpose()?;
    let size = mark
        .as_ref()
        .map(|mark| mark.top)
        .or(options.top)
        .unwrap_or(DEFAULT_PAGE)
        .clamp(1, largest);
    let keys = |item: &T| -> Vec<String> {
        let key = |order: &Order| item.sort_key(&order.property).unwrap_or_default();
        orders.iter().map(key).collect()
    };
    let compare = |left: (&[String], u64), right: (&[String], u64)| {
        for (order, pair) in orders.iter().zip(left.0.iter().zip(right.0)) {
            let ordering = pair.0.cmp(pair.1);
            let ordering = if order.descending {
                ordering.reverse()
            } else {
                ordering
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        let ordering = left.1.cmp(&right.1);
        if newest_first {
            ordering.reverse()
        } else {
            ordering
        }
    };
    let mut keyed: Vec<(Vec<String>, &T)> =
        items.into_iter().map(|item| (keys(item), item)).collect();
    keyed.sort_by(|left, right| {
        compare((&left.0, left.1.sequence()), (&right.0, right.1.sequence()))
    });
    let start = match &mark {
        None => 0,
        Some(mark) if mark.keys.len() == orders.len() => keyed.partition_point(|(keys, item)| {
            compare((keys, item.sequence()), (&mark.keys, mark.sequence)).is_le()
        }),
        Some(_) => return Err(stale()),
    };
    let rest = &keyed[start..];
    let page = &rest[..rest.len().min(size)];
    let next = match page.last() {
        Some((keys, item)) if rest.len() > page.len() => Some(write(&Mark {
            keys: keys.clone(),
            sequence: item.sequence(),
            top: size,
        })),
        _ => None,
    };
    Ok(Page {
        items: page.iter().map(|(_, item)| *item).collect(),
        next,
    })
}

fn orders(orderby: Option<&str>, properties: &[&str]) -> Result<Vec<Order>, GraphError> {
    let Some(orderby) = orderby else {
        return Ok(Vec::new());
    };
    orderby
        .split(',')
        .map(|term| {
            let mut words = term.split_whitespace();
            let name = words.next().unwrap_or_default();
            let property = properties
                .iter()
                .find(|known| known.eq_ignore_ascii_case(name));
            let direction = words.next().map(str::to_ascii_lowercase);
            let descending = match direction.as_deref() {
                None | Some("asc") => Some(false),
                Some("desc") => Some(true),
                Some(_) => None,
            };
            match (property, descending, words.next()) {
                (Some(property), Some(descending), None) => Ok(Order {
                    property: (*property).to_owned(),
                    descending,
                }),
                _ => Err(GraphError::bad_request(format!(
                    "The query option '$orderby' doesn't take '{}'.",
                    term.trim()
                ))),
            }
        })
        .collect()
}

fn stale() -> GraphError {
    GraphError::bad_request("The value of '$skiptoken' isn't one that this service issued.")
}

fn write(mark: &Mark) -> String {
    // Standard base64 on purpose: its plus signs, slashes and equals signs only survive in a client that
    // follows a next link as it stands.
    STANDARD
        .encode(json!({"keys": mark.keys, "sequence": mark.sequence, "top": mark.top}).to_string())
}

fn read(token: &str) -> Result<Mark, GraphError> {
    let bytes = STANDARD.decode(token).map_err(|_| stale())?;
    serde_json::from_slice(&bytes).map_err(|_| stale())
}

/// Characters that stay as they are in the options of a next link.
const OPTION: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b',');

/// The next link of a page of `collection`, an absolute address without query.
pub(crate) fn next_link(collection: &str, options: &ListOptions, token: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, OPTION).to_string();
    let mut link = format!("{collection}?$skiptoken={}", encoded(token));
    if let Some(select) = &options.select {
        link.push_str("&$select=");
        link.push_str(&encoded(&select.join(",")));
    }
    if let Some(orderby) = &options.orderby {
        link.push_str("&$orderby=");
        link.push_str(&encoded(orderby));
    }
    if options.count {
        link.push_str("&$count=true");
    }
    link
}

/// Keeps the selected properties of `object` and every annotation.
pub(crate) fn select(
    object: Value,
    names: Option<&[String]>,
    properties: &[&str],
) -> Result<Value, GraphError> {
    let (Some(names), Value::Object(object)) = (names, &object) else {
        return Ok(object);
    };
    let mut kept = Map::new();
    for (name, value) in object.iter().filter(|(name, _)| name.starts_with('@')) {
        kept.insert(name.clone(), value.clone());
    }
    for name in names {
        if name == "*" {
            return Ok(Value::Object(object.clone()));
        }
        let property = properties
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                GraphError::bad_request(format!("Could not find a property named '{name}'."))
            })?;
        if let Some(value) = object.get(*property) {
            kept.insert((*property).to_owned(), value.clone());
        }
    }
    Ok(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Item(u64, &'static str);

    impl Listed for Item {
        fn sequence(&self) -> u64 {
            self.0
        }
        fn sort_key(&self, property: &str) -> Option<String> {
            (property == "name").then(|| self.1.to_owned())
        }
    }

    #[test]
    fn pages_join_up_even_when_an_item_is_removed_between_them() {
        let items: Vec<Item> = (0..9)
            .map(|n| Item(n, if n % 2 == 0 { "even" } else { "odd" }))
            .collect();
        for orderby in [None, Some("name desc".to_owned())] {
            let mut options = ListOptions {
                top: Some(4),
                orderby,
                ..ListOptions::default()
            };
            let mut seen = Vec::new();
            let mut gone = None;
            loop {
                let left = items.iter().filter(|item| Some(item.0) != gone).collect();
                let page =
                    take(left, &["name"], true, &options, 999).expect("the options are good");
                seen.extend(page.items.iter().map(|item| item.0));
                // What a page has shown may vanish before the next one is fetched.
                gone = page.items.last().map(|item| item.0);
                match page.next {
                    Some(token) => options.skiptoken = Some(token),
                    None => break,
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..9).collect::<Vec<_>>());
        }
    }

    #[test]
    fn tokens_and_orders_that_the_service_never_gave_are_refused() {
        let items = [Item(1, "one")];
        for (skiptoken, orderby) in [
            (Some("abc"), None),
            (Some("e30="), None),
            (None, Some("size")),
            (None, Some("name up")),
            (None, Some("name asc desc")),
        ] {
            let options = ListOptions {
                skiptoken: skiptoken.map(str::to_owned),
                orderby: orderby.map(str::to_owned),
                ..ListOptions::default()
            };
            let result = take(items.iter().collect(), &["name"], true, &options, 999);
            assert_eq!(result.err().map(|error| error.status), Some(400));
        }
    }
}
