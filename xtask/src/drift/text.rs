//! Compares the text of a page with what it said before, passage by passage.
//!
//! What no fact stands for is still noticed: a sentence that says another number, turned around by a "not", or is
//! new and binding differs; one that only has other words is a note; one that is the same but for its form is
//! neither.

use std::collections::{HashMap, HashSet};

use crate::facts::passages::Passage;
use crate::facts::vocabulary::{Weight, Word, is_joint, weighty_words};

/// More pairs than this are not tried for being versions of one passage.
const MAX_PAIRS: usize = 4_000_000;
/// A passage that shares this much is the same passage, edited.
const SAME_PASSAGE: f64 = 0.5;
/// So many words that say something are a statement, not a flourish.
const SENTENCE: usize = 2;
/// So many words may take the place of as many others before it is a sentence in other words.
const SUBSTITUTION: usize = 2;
/// So many words that come or go are a clause of their own.
const CLAUSE: usize = 4;
/// So many words have to stay for the sentence to be the same but for what was put in their place.
const CONTEXT: usize = 4;
/// So many do where the sentence forbids or demands something.
const BINDING_CONTEXT: usize = 3;

/// What a change of the text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The page states something else.
    Statement,
    /// The page has other words for what it stated.
    Wording,
}

/// A passage that is not what it was.
#[derive(Clone, Debug)]
pub struct Change {
    /// The line of the page; for a passage that is gone the line after which it stood.
    pub line: usize,
    /// What it was, as far as that is known.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
    /// What that means.
    pub meaning: Meaning,
    /// What the page has there that nothing reads: a heading, a table, an alert.
    pub unread: &'static str,
    /// A stable name of the change.
    pub digest: String,
}

/// The changes from one version of a page to another.
///
/// The words of `elsewhere` are stated by another page now, so that this one need not.
pub fn changes(before: &[Passage], after: &[Passage], elsewhere: &HashSet<u32>) -> Vec<Change> {
    let (gone, new, after_line) = without_equals(before, after);
    let pairs = pairs(&gone, &new);
    let balance = Balance::of(&gone, &new);
    let names = names(after);
    let mut found = Vec::new();
    let paired_old: HashSet<usize> = pairs.iter().map(|pair| pair.0).collect();
    let paired_new: HashSet<usize> = pairs.iter().map(|pair| pair.1).collect();
    for (old_index, new_index) in &pairs {
        let (Some(old), Some(new)) = (gone.get(*old_index), new.get(*new_index)) else {
            continue;
        };
        let (mut removed, added) = difference(old.1, new);
        removed.retain(|word| !elsewhere.contains(&word.mark));
        if removed.is_empty() && added.is_empty() {
            continue;
        }
        found.push(Change {
            line: new.line,
            before: Some(read(old.1, &names)),
            after: Some(new.text.clone()),
            meaning: of_edit(&removed, &added, [old.1, new], &balance),
            unread: new.unread,
            digest: digest(&new.words),
        });
    }
    let left_old: Vec<_> = gone
        .iter()
        .enumerate()
        .filter(|(index, _)| !paired_old.contains(index))
        .map(|(_, gone)| gone)
        .collect();
    let left_new: Vec<_> = new
        .iter()
        .enumerate()
        .filter(|(index, _)| !paired_new.contains(index))
        .map(|(_, new)| *new)
        .collect();
    let turned = is_turned(&left_old, &left_new);
    for new in &left_new {
        let binding = new.unread == "alert"
            || turned
            || new.words.iter().any(|word| match word.weight {
                Weight::Ending => true,
                Weight::Anchor => balance.more(word),
                // What is done to something, where nothing else went.
                Weight::Kind => left_old.is_empty() && balance.more(word),
                Weight::Polar => left_old.is_empty(),
                _ => false,
            })
            // A sentence more says something more, unless it is a part of one that went.
            || (left_old.is_empty()
                && new.words.iter().filter(|word| balance.more(word)).count() >= SENTENCE);
        found.push(Change {
            line: new.line,
            before: None,
            after: Some(new.text.clone()),
            meaning: meaning(binding),
            unread: new.unread,
            digest: digest(&new.words),
        });
    }
    for (index, old) in &left_old {
        let few = left_old.len().saturating_mul(after.len()) <= MAX_PAIRS;
        let moved = old.words.iter().any(|word| elsewhere.contains(&word.mark));
        // The row of a list that stands elsewhere now is no word of it.
        let stated =
            |word: &Word| elsewhere.contains(&word.mark) || moved && word.weight == Weight::Row;
        let binds = old.words.iter().any(|word| match word.weight {
            Weight::Ending => true,
            Weight::Anchor => balance.less(word) && !elsewhere.contains(&word.mark),
            Weight::Polar => left_new.is_empty(),
            _ => false,
        }) || (left_new.is_empty()
            && old
                .words
                .iter()
                .filter(|word| balance.less(word) && !stated(word))
                .count()
                >= SENTENCE);
        let binding = binds && !(few && is_said_by(old, after));
        found.push(Change {
            line: after_line.get(*index).copied().unwrap_or(1),
            before: Some(read(old, &names)),
            after: None,
            meaning: meaning(binding),
            unread: "",
            digest: digest(&old.words),
        });
    }
    found.sort_by_key(|change| change.line);
    found
}

/// Whether the one passage that is left on each side is the same with another "must" or "not".
fn is_turned(left_old: &[&(usize, &Passage)], left_new: &[&Passage]) -> bool {
    let ([(_, old)], [new]) = (left_old, left_new) else {
        return false;
    };
    let (removed, added) = difference(old, new);
    let any = |weight: Weight, words: &[&Word]| words.iter().any(|word| word.weight == weight);
    let all_polar = |passage: &Passage| {
        passage
            .words
            .iter()
            .all(|word| word.weight == Weight::Polar)
    };
    let rest_stayed = removed.len() < old.words.len() || (all_polar(old) && all_polar(new));
    let same_cell = row_of(old).is_some() && row_of(old) == row_of(new);
    // In a cell one word of a kind may take the place of the other without any word beside it.
    let exchanged = same_cell && any(Weight::Kind, &removed) && any(Weight::Kind, &added);
    rest_stayed && any(Weight::Polar, &removed) && any(Weight::Polar, &added) || exchanged
}

/// Whether another passage has the same words, but for an "or" between two that mean the same.
fn is_said_by(old: &Passage, after: &[Passage]) -> bool {
    after.iter().any(|passage| {
        let (removed, added) = difference(old, passage);
        removed.into_iter().chain(added).all(is_joint)
    })
}

fn meaning(binding: bool) -> Meaning {
    if binding {
        Meaning::Statement
    } else {
        Meaning::Wording
    }
}

fn longer(passages: [&Passage; 2]) -> usize {
    let lengths = passages.map(|passage| passage.words.len());
    lengths.into_iter().max().unwrap_or_default()
}

/// What an edit inside a passage means.
fn of_edit(
    removed: &[&Word],
    added: &[&Word],
    passages: [&Passage; 2],
    balance: &Balance,
) -> Meaning {
    let length = longer(passages);
    let all = |weight: Weight, words: &[&Word]| -> Vec<u32> {
        words
            .iter()
            .filter(|word| word.weight == weight)
            .map(|word| word.mark)
            .collect()
    };
    if !all(Weight::Ending, removed).is_empty() || !all(Weight::Ending, added).is_empty() {
        return Meaning::Statement;
    }
    // What left one sentence and stands in another has moved; what was exchanged has not.
    for weight in [Weight::Anchor, Weight::Polar] {
        let (less, more) = (all(weight, removed), all(weight, added));
        let exchanged = !less.is_empty() && !more.is_empty();
        let lost = removed
            .iter()
            .any(|word| word.weight == weight && balance.less(word));
        let gained = added
            .iter()
            .any(|word| word.weight == weight && balance.more(word));
        if exchanged || lost || gained {
            return Meaning::Statement;
        }
    }
    let only = |weight: Weight, words: &[&Word]| {
        !words.is_empty() && words.iter().all(|word| word.weight == weight)
    };
    if only(Weight::Row, removed) && only(Weight::Row, added) {
        return Meaning::Statement;
    }
    let (less, more) = (all(Weight::Kind, removed), all(Weight::Kind, added));
    let small = (removed.len() + added.len()) <= 2.max(length / 6);
    let only_kinds = less.len() == removed.len() && more.len() == added.len();
    let exchanged = !less.is_empty() && !more.is_empty();
    // A clause more or less, with nothing in its place.
    let clause = (removed.is_empty() && added.len() >= CLAUSE)
        || (added.is_empty() && removed.len() >= CLAUSE);
    let edited = (small && only_kinds) || is_substitution(removed, added, passages);
    meaning(exchanged || clause || edited)
}

/// Whether something else took the place of a word while the rest of the sentence stayed: what means the same has the
/// same mark, so that this is another statement.
fn is_substitution(removed: &[&Word], added: &[&Word], passages: [&Passage; 2]) -> bool {
    let binds = |passage: &&Passage| {
        passage
            .words
            .iter()
            .any(|word| word.weight == Weight::Polar)
    };
    let context = if passages.iter().all(binds) {
        BINDING_CONTEXT
    } else {
        CONTEXT
    };
    let length = longer(passages);
    let joints = |words: &[&Word]| words.iter().filter(|word| is_joint(word)).count();
    let (less, more) = (removed.len() - joints(removed), added.len() - joints(added));
    let stayed = length.saturating_sub(removed.len().max(added.len()));
    let few = less == more && (1..=SUBSTITUTION).contains(&less);
    (few && stayed >= context && stayed > less.max(more))
        || (joints(removed) > 0 && joints(added) > 0)
}

/// Of which words there are more or fewer than before, over all passages that changed.
struct Balance(HashMap<u32, i64>);

impl Balance {
    fn of(gone: &[(usize, &Passage)], new: &[&Passage]) -> Self {
        let mut balance: HashMap<u32, i64> = HashMap::new();
        for word in gone.iter().flat_map(|(_, passage)| &passage.words) {
            *balance.entry(word.mark).or_default() -= 1;
        }
        for word in new.iter().flat_map(|passage| &passage.words) {
            let known = word
                .marks()
                .into_iter()
                .find(|mark| balance.contains_key(mark))
                .unwrap_or(word.mark);
            *balance.entry(known).or_default() += 1;
        }
        Self(balance)
    }

    fn net(&self, word: &Word) -> i64 {
        self.0.get(&word.mark).copied().unwrap_or_default()
    }

    fn more(&self, word: &Word) -> bool {
        word.marks()
            .iter()
            .all(|mark| self.0.get(mark).is_none_or(|net| *net > 0))
    }

    fn less(&self, word: &Word) -> bool {
        self.net(word) < 0
    }
}

/// The passages that have no equal on the other side, and for each old one the line after which it stood.
fn without_equals<'p>(
    before: &'p [Passage],
    after: &'p [Passage],
) -> (Vec<(usize, &'p Passage)>, Vec<&'p Passage>, Vec<usize>) {
    let key = |passage: &Passage| {
        let mut marks: Vec<u32> = passage.words.iter().map(|word| word.mark).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    };
    let mut free: HashMap<Vec<u32>, Vec<&Passage>> = HashMap::new();
    for passage in after.iter().rev() {
        free.entry(key(passage)).or_default().push(passage);
    }
    let mut gone = Vec::new();
    let mut lines = Vec::with_capacity(before.len());
    let mut line = 1;
    for (index, passage) in before.iter().enumerate() {
        match free.get_mut(&key(passage)).and_then(Vec::pop) {
            Some(same) => line = same.line,
            None => gone.push((index, passage)),
        }
        lines.push(line);
    }
    let mut new: Vec<&Passage> = free.into_values().flatten().collect();
    // A passage that is said twice now says nothing new, and one said once too often nothing less.
    let known: HashSet<Vec<u32>> = before.iter().map(key).collect();
    new.retain(|passage| !known.contains(&key(passage)));
    let still: HashSet<Vec<u32>> = after.iter().map(key).collect();
    gone.retain(|(_, passage)| !still.contains(&key(passage)));
    new.sort_by_key(|passage| passage.line);
    (gone, new, lines)
}

/// Which old passage continues in which new one, the most alike first.
fn pairs(gone: &[(usize, &Passage)], new: &[&Passage]) -> Vec<(usize, usize)> {
    if gone.len().saturating_mul(new.len()) > MAX_PAIRS {
        return Vec::new();
    }
    let mut scores = Vec::new();
    for (new_index, passage) in new.iter().enumerate() {
        let marks: HashSet<u32> = passage.words.iter().flat_map(Word::marks).collect();
        for (old_index, (_, old)) in gone.iter().enumerate() {
            let shared = old
                .words
                .iter()
                .filter(|word| marks.contains(&word.mark))
                .count();
            let length = old.words.len().max(passage.words.len()).max(1);
            #[expect(clippy::cast_precision_loss, reason = "a passage has few words")]
            let mut score = shared as f64 / length as f64;
            // What is said with more or fewer words, all others being there still, is the same passage.
            let shorter = old.words.len().min(passage.words.len());
            let same_cell = row_of(old).is_some_and(|row| marks.contains(&row));
            if shared == shorter && shorter > 1 && (same_cell || shorter > SUBSTITUTION) {
                score = score.max(SAME_PASSAGE);
            }
            if score >= SAME_PASSAGE {
                scores.push((score, old_index, new_index));
            }
        }
    }
    scores.sort_by(|one, other| {
        other
            .0
            .total_cmp(&one.0)
            .then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    let mut taken_old = HashSet::new();
    let mut taken_new = HashSet::new();
    let mut pairs = Vec::new();
    for (_, old, new) in scores {
        if !taken_old.contains(&old) && !taken_new.contains(&new) {
            taken_old.insert(old);
            taken_new.insert(new);
            pairs.push((old, new));
        }
    }
    pairs
}

/// The row that a passage stands in.
fn row_of(passage: &Passage) -> Option<u32> {
    let row = passage
        .words
        .iter()
        .find(|word| word.weight == Weight::Row)?;
    Some(row.mark)
}

/// The words that one side has and the other lacks.
fn difference<'p>(old: &'p Passage, new: &'p Passage) -> (Vec<&'p Word>, Vec<&'p Word>) {
    let new_marks: HashSet<u32> = new.words.iter().flat_map(Word::marks).collect();
    let old_marks: HashSet<u32> = old
        .words
        .iter()
        .flat_map(|word| {
            if word.text.is_empty() {
                [word.mark; 3]
            } else {
                word.marks()
            }
        })
        .collect();
    let removed = old
        .words
        .iter()
        .filter(|word| !new_marks.contains(&word.mark))
        .collect();
    let added = new
        .words
        .iter()
        .filter(|word| word.marks().iter().all(|mark| !old_marks.contains(mark)))
        .collect();
    (removed, added)
}

fn names(after: &[Passage]) -> HashMap<u32, String> {
    let mut names: HashMap<u32, String> = weighty_words()
        .into_iter()
        .map(|(mark, word)| (mark, word.to_owned()))
        .collect();
    for word in after.iter().flat_map(|passage| &passage.words) {
        names.insert(word.mark, word.text.clone());
    }
    names
}

/// What a passage said; of one whose marks alone are held, the words that are known from elsewhere.
fn read(passage: &Passage, names: &HashMap<u32, String>) -> String {
    if !passage.text.is_empty() {
        return passage.text.clone();
    }
    let words: Vec<&str> = passage
        .words
        .iter()
        .map(|word| names.get(&word.mark).map_or("…", String::as_str))
        .collect();
    format!("(its words were, in no order: {})", words.join(" "))
}

fn digest(words: &[Word]) -> String {
    let mut marks: Vec<u32> = words.iter().map(|word| word.mark).collect();
    marks.sort_unstable();
    marks.dedup();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for mark in marks {
        hash = (hash ^ u64::from(mark)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{:08x}", (hash ^ (hash >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Meaning, changes};
    use crate::facts::passages::Passage;
    use crate::facts::vocabulary::{Word, words};
    use crate::facts::wording::sentences;

    fn passages(text: &str, held: bool) -> Vec<Passage> {
        sentences(text)
            .into_iter()
            .map(|sentence| Passage {
                line: 1,
                text: if held { "" } else { sentence }.to_owned(),
                words: words(sentence)
                    .into_iter()
                    .map(|word| Word {
                        text: if held {
                            String::new()
                        } else {
                            word.text.clone()
                        },
                        ..word
                    })
                    .collect(),
                unread: "",
            })
            .collect()
    }

    fn meanings(before: &str, after: &str) -> Vec<Meaning> {
        changes(
            &passages(before, true),
            &passages(after, false),
            &HashSet::new(),
        )
        .iter()
        .map(|change| change.meaning)
        .collect()
    }

    #[test]
    fn a_change_is_judged_by_what_it_states() {
        let before = "The job must be canceled within seven days. When it fails, the migration continues from the \
                      source tenant. Only `Users` are supported.";
        for (from, to, expected) in [
            ("seven", "7", None),
            ("canceled", "cancelled", None),
            ("`Users`", "Users", None),
            ("When it fails", "If it fails", None),
            ("migration continues", "migration proceeds", None),
            ("job must", "batch job must", Some(Meaning::Statement)),
            (
                "the migration continues",
                "the whole migration continues",
                Some(Meaning::Wording),
            ),
            ("seven", "nine", Some(Meaning::Statement)),
            ("continues", "stops", Some(Meaning::Statement)),
            ("must be", "must not be", Some(Meaning::Statement)),
            ("source tenant", "target tenant", Some(Meaning::Statement)),
            ("`Users`", "`Groups`", Some(Meaning::Statement)),
            ("Only `Users` are supported.", "", Some(Meaning::Statement)),
            (
                "When it",
                "It is deprecated. When it",
                Some(Meaning::Statement),
            ),
        ] {
            let found = meanings(before, &before.replace(from, to));
            assert_eq!(
                found.first().copied(),
                expected,
                "{from} -> {to}: {found:?}"
            );
        }
    }
}
