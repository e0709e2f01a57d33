//! Bodies, dates and texts that nobody should send, against what reads them into models.
//!
//! A second reading by `serde_json::Value` and by other crates' parsers of dates says what is right.

#[expect(dead_code, reason = "the build asks for places too")]
#[path = "../../build/document.rs"]
mod document;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Timelike, Utc};
use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

use crate::models::date_time::DateTimeOffset;
use crate::models::generated::types;
use crate::models::one_line::OneLine;
use crate::models::tolerant::{self, Read};

static SPECIFICATION: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/cross-tenant-migration.yaml");
    let document = document::Document::read(&path);
    document.unwrap_or_else(|error| panic!("{error}")).value
});

/// The examples of the specification, and bodies of the same shapes that are wrong on purpose.
pub(crate) static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut found = BTreeSet::new();
    collect(&SPECIFICATION, &mut found);
    assert!(found.len() > 40, "only {} examples", found.len());
    let odd = [
        r#"{"value":[{"id":1},{"id":"2","status":["odd"]},null],"@odata.nextLink":7}"#,
        r#"{"value":{"id":"wrapped","status":"x\ud800y"}}"#,
        r#"{"error":{"code":"outer","innererror":{"code":"inner","details":[{"code":"detail"}]}}}"#,
        r#"{"error":"invalid_token","error_description":"expired"}"#,
        "<html><body>Bad Gateway</body></html>",
    ];
    let odd = odd.iter().map(|text| text.as_bytes().to_vec());
    odd.chain(found.into_iter().map(String::into_bytes))
        .collect()
});

/// A body that a fuzzer chose, mostly a spoilt example.
pub(crate) fn body(chosen: &[u8]) -> Vec<u8> {
    // One byte tells 128 seeds apart; the fourth part of the examples follows.
    let seeds: Vec<&[u8]> = SEEDS.iter().map(Vec::as_slice).collect();
    let turn = chosen.last().map_or(0, |last| usize::from(*last) * 7);
    let from = turn % seeds.len().saturating_sub(100).max(1);
    input(chosen, &seeds[from..])
}

fn collect(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if let ("examples", Some(examples)) = (name.as_str(), member.as_object()) {
                    let values = examples.values().filter_map(|example| example.get("value"));
                    found.extend(values.map(Value::to_string));
                }
                collect(member, found);
            }
        }
        _ => {}
    }
}

/// Whether `part` says nothing that `whole` does not.
fn says_no_more(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().all(|(name, member)| {
            whole
                .get(name)
                .is_some_and(|other| says_no_more(member, other))
        }),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(a, b)| says_no_more(a, b))
        }
        _ => part == whole,
    }
}

/// Whether a member stands twice, so that two readers may take different ones.
fn is_ambiguous(text: &[u8]) -> bool {
    fn count(json: &Value) -> usize {
        match json {
            Value::Object(members) => members.len() + members.values().map(count).sum::<usize>(),
            Value::Array(items) => items.iter().map(count).sum(),
            _ => 0,
        }
    }
    // A colon outside of strings stands behind the name of a member.
    let mut colons = 0;
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => colons += 1,
            _ => {}
        }
    }
    serde_json::from_slice(text).is_ok_and(|json| count(&json) != colons)
}

/// What the strict reading takes is written as it came and read back as the same value; the tolerant reading takes it
/// too, and of anything else nothing that does not stand there.
fn model<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(name: &str, text: &[u8]) {
    let source: Option<Value> = serde_json::from_slice(text)
        .ok()
        .filter(|_| !is_ambiguous(text));
    let strict = serde_json::from_slice::<T>(text);
    if let Ok(value) = &strict {
        let written = serde_json::to_value(value).expect("a model is written");
        let again: T = serde_json::from_value(written.clone()).expect("it is read back");
        assert_eq!(*value, again, "{name}");
        if let Some(source) = &source {
            assert!(
                says_no_more(&written, source),
                "{name}: {written} of {source}"
            );
        }
    }
    // A union is a part of other models, and never an answer.
    if name == "SharePointMigrationTaskParameters" {
        return;
    }
    let read: Result<Read<T>, _> = tolerant::read_object(text);
    let Ok(Read { value, deviations }) = read else {
        return;
    };
    for deviation in &deviations {
        assert_one_line(&deviation.to_string(), 600);
    }
    let Some(source) = source else { return };
    let written = serde_json::to_value(&value).expect("a model is written");
    for deviation in &deviations {
        let there = source.pointer(&deviation.pointer);
        assert!(there.is_some(), "{name}: {deviation} of {source}");
    }
    if let (Ok(strict), true) = (strict, deviations.is_empty()) {
        let inner = source.get("value").is_some_and(Value::is_object);
        assert!(strict == value || inner, "{name}: {source}");
    }
    // What was left out of a list leaves a gap or an empty item; all else stands where it stood.
    if deviations.is_empty() {
        let whole = says_no_more(&written, &source);
        let inner = source
            .get("value")
            .is_some_and(|value| says_no_more(&written, value));
        assert!(whole || inner, "{name}: {written} of {source}");
    }
}

macro_rules! models {
    ($($name:ident),+ $(,)?) => {
        const MODELS: &[(&str, fn(&[u8]))] = &[
            $((stringify!($name), |text| model::<types::$name>(stringify!($name), text))),+
        ];
    };
}

models!(
    CrossTenantMigrationCancelResponse,
    CrossTenantMigrationJob,
    CrossTenantMigrationJobCollectionResponse,
    CrossTenantMigrationJobCreate,
    CrossTenantMigrationJobStatus,
    CrossTenantMigrationJobType,
    CrossTenantMigrationJobUpdate,
    CrossTenantMigrationServiceStatus,
    CrossTenantMigrationServiceStatusDetails,
    CrossTenantMigrationTask,
    CrossTenantMigrationTaskCollectionResponse,
    Deleted,
    DeltaRemoved,
    ExchangeOnlineCrossTenantMigrationSettings,
    GroupIdentity,
    Identity,
    MigrationError,
    PublicError,
    PublicErrorDetail,
    PublicInnerError,
    SharePointGroupIdentityMapping,
    SharePointGroupIdentityMappingCollectionResponse,
    SharePointGroupIdentityMappingDelta,
    SharePointGroupIdentityMappingDeltaItem,
    SharePointGroupMigrationTaskParameters,
    SharePointIdentityMappingGroupMigrationData,
    SharePointIdentityMappingGroupType,
    SharePointIdentityMappingUserMigrationData,
    SharePointIdentityMappingUserType,
    SharePointMigrationTask,
    SharePointMigrationTaskCreate,
    SharePointMigrationTaskParameters,
    SharePointMigrationTaskStatus,
    SharePointSiteMigrationTaskParameters,
    SharePointUserIdentityMapping,
    SharePointUserIdentityMappingCollectionResponse,
    SharePointUserIdentityMappingDelta,
    SharePointUserIdentityMappingDeltaItem,
    SharePointUserMigrationTaskParameters,
    UserIdentity,
);

#[test]
fn every_model_that_is_generated_is_tried() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models.rs");
    let golden = std::fs::read_to_string(path).expect("the golden file of the models");
    let (types, _) = golden
        .split_once("pub mod builder")
        .unwrap_or((&golden, ""));
    let declared = types.lines().filter_map(|line| {
        let line = line.trim_start();
        let name = line
            .strip_prefix("pub struct ")
            .or_else(|| line.strip_prefix("pub enum "))?;
        name.split(|c: char| !c.is_alphanumeric()).next()
    });
    let declared: BTreeSet<&str> = declared.collect();
    let tried: BTreeSet<&str> = MODELS.iter().map(|(name, _)| *name).collect();
    assert_eq!(tried, declared);
}

#[test]
fn models() {
    fuzz!(300, |chosen: &[u8]| {
        let text = body(chosen);
        for (_, read) in MODELS {
            read(&text);
        }
    });
}

#[test]
fn lists() {
    fuzz!(300, |chosen: &[u8]| {
        type Page = types::CrossTenantMigrationJobCollectionResponse;
        let text = body(chosen);
        let read: Result<Read<Page>, _> = tolerant::read_collection(&text);
        let source: Result<Value, _> = serde_json::from_slice(&text);
        let (Ok(read), Ok(source)) = (read, source) else {
            return;
        };
        // A list never looks shorter, or more finished, than it is.
        let items = source["value"].as_array().expect("it was read as a list");
        assert_eq!(read.value.value.len(), items.len());
        let link = source["@odata.nextLink"].as_str();
        assert_eq!(read.value.odata_next_link.as_deref(), link);
        assert!(!source["error"].is_object(), "{source}");
    });
}

/// The date and time that a text of RFC 3339 names, as another crate reads it.
fn by_another_parser(text: &str) -> Option<(i32, u32, u32, u32, u32, u32, u32)> {
    let date = time::OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let date = date.checked_to_offset(time::UtcOffset::UTC)?;
    Some((
        date.year(),
        u8::from(date.month()).into(),
        date.day().into(),
        date.hour().into(),
        date.minute().into(),
        date.second().into(),
        date.nanosecond(),
    ))
}

fn parts(date: DateTime<Utc>) -> (i32, u32, u32, u32, u32, u32, u32) {
    let (hour, minute, second) = (date.hour(), date.minute(), date.second());
    (
        date.year(),
        date.month(),
        date.day(),
        hour,
        minute,
        second,
        date.nanosecond(),
    )
}

#[test]
fn dates() {
    const DATES: [&str; 8] = [
        "2026-12-12T20:00:00Z",
        "2026-11-20T09:30:12.4410087Z",
        "2026-11-20T10:30:12+01:00",
        "2025-7-8T9:08:04.451Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999Z",
        "2024-02-29T23:59:60Z",
        "2026-11-20T00:10:00-23:59",
    ];
    fuzz!(3_000, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = DATES.iter().map(|date| date.as_bytes()).collect();
        let text = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        let quoted = Value::from(text.as_str());
        let date: DateTimeOffset = serde_json::from_value(quoted).expect("any text is kept");
        assert_eq!(date.as_str(), text);
        assert_one_line(&date.to_string(), 130);
        let read = date.to_utc();
        // That parser takes any letter between date and time.
        let is_usual = text
            .as_bytes()
            .get(10)
            .is_some_and(|byte| b"Tt ".contains(byte));
        if let (Some(expected), true) = (by_another_parser(&text), is_usual) {
            let leap = text.contains(":60");
            assert!(
                leap || read.map(parts) == Some(expected),
                "{text:?}: {read:?}"
            );
        }
        if let Some(read) = read {
            // Nothing but a date is taken for one.
            let known = |c: char| c.is_ascii_digit() || " -+:.TtZz_".contains(c) || c == '\u{2212}';
            assert!(text.chars().all(known), "{text:?}: {read}");
            if let Ok(written) = DateTimeOffset::try_from(read) {
                assert_eq!(written.to_utc().map(parts), Some(parts(read)), "{text:?}");
            }
        }
        if let Ok(sent) = text.parse::<DateTimeOffset>() {
            assert_eq!(sent.as_str(), text);
        }
        assert!(date.cmp(&date).is_eq());
    });
}

#[test]
fn lines() {
    fuzz!(1_000, |chosen: &[u8]| {
        let words = b"cancelled\r\n2026-11-21 INFO done\x1b[2J\xe2\x80\xae";
        let text = String::from_utf8_lossy(&input(chosen, &[words])).into_owned();
        let most = usize::from(chosen.last().copied().unwrap_or_default());
        let shown = OneLine(&text, most).to_string();
        assert_one_line(&shown, most + 40);
        if let Some((_, left)) = shown.rsplit_once("… (")
            && let Some(left) = left.strip_suffix(" characters more)")
        {
            let left: usize = left.parse().expect("a number");
            assert!(left <= text.chars().count());
        }
    });
}
