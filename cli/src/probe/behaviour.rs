//! What only shows when an answer is held against its question, or against another answer.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::Answer;
use super::deviation::Finding;

/// How many items a page has when nothing is said, by the page about the list.
const DEFAULT_PAGE: usize = 20;

/// The differences, each with the index of the answer that it was seen in.
pub fn compare(answers: &[Answer]) -> Vec<(usize, Finding)> {
    let mut found = Vec::new();
    for (index, answer) in answers.iter().enumerate() {
        if !answer.is_success() {
            continue;
        }
        let mut add = |finding| found.push((index, finding));
        selected(answer, &mut add);
        if let Some(items) = answer.items() {
            page(answer, items, &mut add);
            if let Some(id) = repeated(answer, items, &answers[..index]) {
                add(Finding::new("pageRepeats", "/value", id, "other items"));
            }
        }
        asked_for(answer, &mut add);
    }
    found
}

fn id(item: &Value) -> Option<&str> {
    item.get("id")?.as_str()
}

/// An item that stood on the page before already, whose next link led here.
fn repeated<'a>(answer: &Answer, items: &'a [Value], before: &[Answer]) -> Option<&'a str> {
    let leads_here = |page: &&Answer| page.next_link().is_some_and(|link| link == answer.url);
    let before = before.iter().rev().find(leads_here)?.items()?;
    let seen: BTreeSet<&str> = before.iter().filter_map(id).collect();
    items.iter().filter_map(id).find(|id| seen.contains(id))
}

/// Whether what was selected came, and nothing else.
fn selected(answer: &Answer, add: &mut impl FnMut(Finding)) {
    let Some(select) = answer.option("$select") else {
        return;
    };
    let wanted: Vec<&str> = select.split(',').map(str::trim).collect();
    let objects: Vec<(String, &Value)> = match (answer.items(), answer.body.json()) {
        (Some(items), _) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("/value/{index}"), item))
            .collect(),
        (None, Some(body)) => vec![match body.get("value").filter(|inner| inner.is_object()) {
            Some(inner) => ("/value".to_owned(), inner),
            None => (String::new(), body),
        }],
        (None, None) => Vec::new(),
    };
    for (pointer, object) in objects {
        let names = object.as_object().into_iter().flatten();
        for (name, _) in names {
            let is_wanted = wanted.iter().any(|own| own.eq_ignore_ascii_case(name));
            // The key may come unasked, and annotations always do.
            if !is_wanted && name != "id" && !name.contains('@') {
                add(Finding::new(
                    "selectIgnored",
                    format!("{pointer}/{}", super::comparison::escaped(name)),
                    name.clone(),
                    format!("only {select}"),
                ));
            }
        }
    }
}

fn page(answer: &Answer, items: &[Value], add: &mut impl FnMut(Finding)) {
    let top = answer
        .option("$top")
        .and_then(|top| top.parse::<usize>().ok());
    let is_whole = answer.next_link().is_none();
    if let Some(top) = top.filter(|top| items.len() > *top) {
        add(Finding::new(
            "topIgnored",
            "/value",
            format!("{} items", items.len()),
            format!("at most {top}"),
        ));
    }
    let is_first = answer.option("$skiptoken").is_none();
    if top.is_none() && is_first && !is_whole && items.len() != DEFAULT_PAGE {
        add(Finding::new(
            "defaultPageSize",
            "/value",
            format!("{} items", items.len()),
            format!("{DEFAULT_PAGE} items"),
        ));
    }
    if top.is_none() && is_first && is_whole && items.len() > DEFAULT_PAGE {
        add(Finding::new(
            "defaultPageSize",
            "/value",
            format!("{} items", items.len()),
            format!("{DEFAULT_PAGE} items and a next link"),
        ));
    }
    let count = &answer.body.json().unwrap_or(&Value::Null)["@odata.count"];
    if answer.option("$count").as_deref() == Some("true") {
        match count.as_u64() {
            None => add(Finding::new(
                "countMissing",
                "/@odata.count",
                super::comparison::cut(&count.to_string()),
                "the total number of items",
            )),
            Some(count) if is_first && is_whole && count != items.len() as u64 => {
                add(Finding::new(
                    "countWrong",
                    "/@odata.count",
                    count.to_string(),
                    format!("{}, the items of the only page", items.len()),
                ));
            }
            Some(count) if is_first && !is_whole && count <= items.len() as u64 => {
                add(Finding::new(
                    "countWrong",
                    "/@odata.count",
                    count.to_string(),
                    format!("more than the {} items of the first page", items.len()),
                ));
            }
            Some(_) => {}
        }
    }
    if let Some(order) = answer.option("$orderby") {
        ordered(&order, items, add);
    }
}

/// Whether the items stand in the order that was asked for.
fn ordered(order: &str, items: &[Value], add: &mut impl FnMut(Finding)) {
    let mut words = order
        .split(',')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let Some(property) = words.next() else { return };
    let is_descending = words.next() == Some("desc");
    let keys: Vec<&str> = items
        .iter()
        .filter_map(|item| item.get(property)?.as_str())
        .collect();
    let is_ordered = keys.windows(2).all(|pair| {
        let (first, second) = (pair[0].to_lowercase(), pair[1].to_lowercase());
        if is_descending {
            first >= second
        } else {
            first <= second
        }
    });
    if !is_ordered {
        add(Finding::new(
            "orderIgnored",
            format!("/value/*/{property}"),
            "another order",
            order.to_owned(),
        ));
    }
}

/// Whether the object is the one that was asked for by its id.
fn asked_for(answer: &Answer, add: &mut impl FnMut(Finding)) {
    if answer.question != super::questions::BY_ID {
        return;
    }
    let Some(body) = answer.body.json() else {
        return;
    };
    let inner = body.get("value").filter(|inner| inner.is_object());
    let found = inner.unwrap_or(body).get("id").and_then(Value::as_str);
    let path = answer.url.split('?').next().unwrap_or_default();
    let asked = super::url::decoded(path.rsplit('/').next().unwrap_or_default());
    match found {
        Some(found) if !found.eq_ignore_ascii_case(&asked) => add(Finding::new(
            "anotherObject",
            "/id",
            super::comparison::cut(found),
            "the id that was asked for",
        )),
        None => add(Finding::new(
            "missingMember",
            "/id",
            "nothing",
            "the id that was asked for",
        )),
        Some(_) => {}
    }
}
