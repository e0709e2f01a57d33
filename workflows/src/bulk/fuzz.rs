//! Files that are named as records and may hold anything.

use std::cell::Cell;
use std::fs;

use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};
use serde_json::Value;

use super::record::Record;

const SERVICE: &str = "https://graph.microsoft.com";
const TENANT: &str = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";
const RECORD: &str = concat!(
    r#"{"format":"msgraph-migrations record","version":1,"service":"https://graph.microsoft.com","#,
    r#""tenant":"0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596"}"#,
    "\n",
    r#"{"action":"cancelUser","job":"a35e80d7","item":"84c0d5ab"}"#,
    "\n",
    r#"{"action":"cancelUser","job":"a35e80d7","item":"\u0065\ud83d\ude00"}"#,
    "\n",
);
const HEADER: usize = 149;
const LIST: &str = "user,batch\r\n84c0d5ab-7e21-4936-bf1a-0d9e63c2f754,first";

/// What another reader takes for done: the items of whole lines.
fn items(text: &[u8]) -> Option<Vec<[String; 3]>> {
    let whole = text.iter().rposition(|byte| *byte == b'\n')? + 1;
    let mut lines = text[..whole].split_inclusive(|byte| *byte == b'\n');
    let header: Value = serde_json::from_slice(lines.next()?).ok()?;
    (header["format"] == "msgraph-migrations record" && header["version"] == 1).then_some(())?;
    lines
        .map(|line| {
            let line: Value = serde_json::from_slice(line).ok()?;
            let text = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
            Some([text("action")?, text("job")?, text("item")?])
        })
        .collect()
}

#[test]
fn records() {
    let name = format!(
        "record-{}-{:?}.jsonl",
        std::process::id(),
        std::thread::current().id()
    );
    let file = std::env::temp_dir().join(name);
    let opened = Cell::new(0_u32);
    fuzz!(400, |chosen: &[u8]| {
        let torn = &RECORD.as_bytes()[..RECORD.len() - 20];
        let seeds = [
            RECORD.as_bytes(),
            torn,
            &RECORD.as_bytes()[..HEADER / 2],
            LIST.as_bytes(),
            b"",
        ];
        let text = input(chosen, &seeds);
        fs::write(&file, &text).expect("a file");
        let record = Record::open(&file, SERVICE, TENANT);
        let after = fs::read(&file).expect("a file");
        match record {
            Err(error) => {
                assert_one_line(&error.to_string(), 2 * text.len() + 1_000);
                assert_eq!(after, text, "what cannot be used is not touched: {error}");
            }
            Ok(record) => {
                opened.set(opened.get() + 1);
                let kept =
                    text.len() - usize::try_from(record.cut_off()).expect("no more than it had");
                assert!(after.starts_with(&text[..kept]));
                // Either it holds what another reader finds in it, or it had no whole line and begins anew.
                let items = items(&text).unwrap_or_else(|| {
                    assert_eq!(kept, 0, "{text:?}");
                    Vec::new()
                });
                for [action, job, item] in &items {
                    assert!(record.contains(action, job, item), "{item}");
                }
                let different: std::collections::HashSet<_> = items.iter().collect();
                assert_eq!(record.len(), different.len());
                record.add("cancelUser", "another", "user").expect("room");
                drop(record);
                let again = Record::open(&file, SERVICE, TENANT).expect("what it writes it reads");
                assert_eq!((again.len(), again.cut_off()), (different.len() + 1, 0));
            }
        }
    });
    assert!(
        opened.get() > 10,
        "only {} of them are records",
        opened.get()
    );
    fs::remove_file(&file).expect("a file");
}
