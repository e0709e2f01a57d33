//! The real pages, changed at seeded random places: facts have to be noticed, everything else has to stay quiet.

mod cosmetics;
mod facts;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Copy, copy, project, run, text};

/// How many pages each kind is tried on, unless `DRIFT_TRIES` says otherwise.
const TRIES: usize = 3;
/// The sites are the same in every run.
const SEED: u64 = 0x5eed_2026_1121;

/// A way to change a page: its name, and what it makes of a page's text when the page has a place for it.
pub struct Mutator {
    /// What it does.
    pub name: &'static str,
    /// Does it.
    pub change: fn(&str, &mut Random) -> Option<String>,
}

/// Numbers that are the same in every run.
pub struct Random(u64);

impl Random {
    /// A number below the bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).expect("a bound")).expect("below")
    }

    /// One of several things.
    pub fn one<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let index = self.below(things.len());
        things.get(index)
    }
}

fn pages() -> Option<Vec<PathBuf>> {
    let folder = project().join("../shared/docs/current/api-reference/beta");
    let mut pages = Vec::new();
    for part in ["api", "resources"] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else {
            println!("SKIPPED: {} is not there", folder.display());
            return None;
        };
        pages.extend(entries.flatten().map(|entry| entry.path()));
    }
    pages.sort();
    Some(pages)
}

/// The exit code and the new keys of a page that stands by itself.
fn result(page: &Path) -> (i32, BTreeSet<String>) {
    let run = run(&["drift", text(page), "--format", "json"]);
    (run.code, run.new_keys().into_iter().collect())
}

/// A page that was changed.
struct Try {
    mutator: usize,
    file: PathBuf,
    words: String,
}

/// What became of the tries of one kind.
struct Tally {
    name: &'static str,
    tried: usize,
    reported: usize,
    which: Vec<String>,
}

/// Changes pages, each in a folder of its own.
fn change(pages: &[PathBuf], mutators: &[Mutator]) -> (Vec<Tally>, Vec<Try>, Copy) {
    let folder = Copy::empty();
    let most = std::env::var("DRIFT_TRIES")
        .ok()
        .and_then(|tries| tries.parse().ok())
        .unwrap_or(TRIES);
    let mut tallies = Vec::new();
    let mut tries = Vec::new();
    for (number, mutator) in mutators.iter().enumerate() {
        let seed = SEED.wrapping_add(u64::try_from(number).expect("a number") * 7919);
        let mut random = Random(seed);
        let mut tally = Tally {
            name: mutator.name,
            tried: 0,
            reported: 0,
            which: Vec::new(),
        };
        let mut left = pages.to_vec();
        while tally.tried < most && !left.is_empty() {
            let page = left.swap_remove(random.below(left.len()));
            let original = fs::read_to_string(&page).expect("a page");
            let Some(changed) = (mutator.change)(&original, &mut random) else {
                continue;
            };
            if changed == original {
                continue;
            }
            let name = page.file_name().expect("a name");
            let file = folder.write(
                &format!("{number}-{}/{}", tally.tried, name.to_string_lossy()),
                &changed,
            );
            tally.tried += 1;
            tries.push(Try {
                mutator: number,
                file,
                words: format!(
                    "{} ({}):{}",
                    mutator.name,
                    name.to_string_lossy(),
                    lines(&original, &changed)
                ),
            });
        }
        tallies.push(tally);
    }
    (tallies, tries, folder)
}

fn count(tallies: &mut [Tally], tried: &Try, reported: bool, expected: bool, words: &str) {
    let tally = &mut tallies[tried.mutator];
    tally.reported += usize::from(reported);
    if reported != expected {
        tally.which.push(format!("{} {words}", tried.words));
    }
}

/// The first lines that differ.
fn lines(before: &str, after: &str) -> String {
    let old: BTreeSet<&str> = before.lines().collect();
    let new: BTreeSet<&str> = after.lines().collect();
    let gone = before.lines().filter(|line| !new.contains(line)).take(2);
    let come = after.lines().filter(|line| !old.contains(line)).take(2);
    gone.map(|line| format!("\n    - {line}"))
        .chain(come.map(|line| format!("\n    + {line}")))
        .collect()
}

fn table(tallies: &[Tally], word: &str) {
    println!("{:<58} {:>5} {:>8}", "kind", "tried", word);
    for tally in tallies {
        println!(
            "{:<58} {:>5} {:>8}",
            tally.name, tally.tried, tally.reported
        );
    }
}

#[test]
fn facts_changed_at_random_places_are_noticed() {
    let Some(pages) = pages() else { return };
    let (mut tallies, attempts, folder) = change(&pages, &facts::MUTATORS);
    // All at once: what is reported names its file.
    let run = run(&["drift", text(folder.path()), "--format", "json"]);
    let report = run.json();
    let mut reported: BTreeSet<String> = BTreeSet::new();
    for (list, place) in [("findings", "/place/file"), ("unreadable", "/file")] {
        for entry in report[list].as_array().expect("a list") {
            if entry["known"].is_null()
                && let Some(file) = entry.pointer(place).and_then(|file| file.as_str())
            {
                reported.insert(file.to_owned());
            }
        }
    }
    for attempt in &attempts {
        let noticed = reported.contains(text(&attempt.file));
        count(&mut tallies, attempt, noticed, true, "");
    }
    table(&tallies, "noticed");
    let tried: usize = tallies.iter().map(|tally| tally.tried).sum();
    let noticed: usize = tallies.iter().map(|tally| tally.reported).sum();
    println!(
        "{} kinds, {noticed} of {tried} facts noticed",
        tallies.len()
    );
    for tally in &tallies {
        for missed in &tally.which {
            println!("missed: {missed}");
        }
    }
    let never: Vec<&str> = tallies
        .iter()
        .filter(|tally| tally.reported == 0)
        .map(|tally| tally.name)
        .collect();
    assert!(never.is_empty(), "never noticed, or never tried: {never:?}");
    assert!(tallies.len() >= 40);
    assert!(noticed * 100 >= tried * 97, "{noticed} of {tried}");
}

#[test]
fn edits_of_form_at_random_places_stay_quiet() {
    let Some(pages) = pages() else { return };
    let (mut tallies, attempts, _folder) = change(&pages, &cosmetics::MUTATORS);
    for attempt in &attempts {
        let (code, keys) = result(&attempt.file);
        let alarm = code != 0 || !keys.is_empty();
        count(&mut tallies, attempt, alarm, false, &format!("{keys:?}"));
    }
    table(&tallies, "alarms");
    let tried: usize = tallies.iter().map(|tally| tally.tried).sum();
    let alarms: usize = tallies.iter().map(|tally| tally.reported).sum();
    println!("{} kinds, {alarms} alarms in {tried} edits", tallies.len());
    for tally in &tallies {
        for alarm in &tally.which {
            println!("alarm: {alarm}");
        }
    }
    let untried: Vec<&str> = tallies
        .iter()
        .filter(|tally| tally.tried == 0)
        .map(|tally| tally.name)
        .collect();
    assert!(untried.is_empty(), "no page has a place for {untried:?}");
    assert!(alarms * 100 <= tried, "{alarms} of {tried}");
}

/// A page of enumerations that are defined in lists of their own: the text of the page without the list, the name of
/// the enumeration, and its members.
fn lists(page: &str) -> Vec<(String, String, Vec<String>)> {
    let pattern = regex::Regex::new(
        r"\|(\w+)\|([a-z]\w+)\|([^|\n]*?) ?The possible values are: ([^|\n(]*?)\.([^|\n]*)\|",
    )
    .expect("a pattern");
    let member = regex::Regex::new(r"`(\w+)`").expect("a pattern");
    let lists = pattern.captures_iter(page);
    lists
        .map(|list| {
            let link = list[2].to_lowercase();
            let row = format!(
                "|{}|[{}](../resources/{link}.md)|{}{}|",
                &list[1], &list[2], &list[3], &list[5]
            );
            let members = member.captures_iter(&list[4]);
            (
                page.replacen(&list[0], &row, 1),
                list[2].to_owned(),
                members.map(|member| member[1].to_owned()).collect(),
            )
        })
        .collect()
}

#[test]
fn members_on_a_page_of_their_own_say_the_same_and_others_do_not() {
    let Some(pages) = pages() else { return };
    let mut tried = 0;
    for page in &pages {
        let path = page.to_string_lossy().into_owned();
        let original = fs::read_to_string(page).expect("a page");
        if !path.contains("/resources/") {
            continue;
        }
        for (text_without, name, members) in lists(&original) {
            tried += 1;
            let more = [members.as_slice(), &["onHold".to_owned()]].concat();
            let fewer = members.get(1..).expect("members").to_vec();
            for (members, expected) in [(members.clone(), 0), (more, 1), (fewer, 1)] {
                let folder = Copy::empty();
                copy(&project().join("../shared/docs/current"), folder.path());
                let stem = page.file_stem().expect("a name").to_string_lossy();
                folder.write(
                    &format!("api-reference/beta/resources/{stem}.md"),
                    &text_without,
                );
                let rows: Vec<String> = members
                    .iter()
                    .map(|member| format!("|{member}|What it means.|"))
                    .collect();
                let rows = rows.join("\n");
                folder.write(
                    &format!("api-reference/beta/resources/{}.md", name.to_lowercase()),
                    format!(
                        "---\ntitle: \"{name} enum type\"\ndoc_type: enumPageType\n---\n\n# {name} enum type\n\n\
                         Namespace: microsoft.graph\n\nValues.\n\n## Members\n\n|Member|Description|\n|:---|:---|\n{rows}\n"
                    ),
                );
                let run = run(&["drift", text(folder.path()), "--format", "json"]);
                assert_eq!(
                    run.code,
                    expected,
                    "{name} {members:?}: {:?}",
                    run.new_keys()
                );
            }
        }
    }
    assert!(tried >= 4, "{tried} lists");
}
