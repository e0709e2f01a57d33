//! Edits YAML files line by line, so that every comment, order and line that is not changed stays.
//!
//! The parser that reads the files tells where each node begins; indentation tells where it ends. Lines that move while
//! edits are made are still found by the number that the parser gave them, so that one reading serves many edits.

use std::rc::Rc;

/// A line of the text as it is now; [`Lines::row`] finds the one that the parser spoke of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row(usize);

impl Row {
    /// The line after it.
    fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The lines of a file.
#[derive(Clone, Debug)]
pub struct Lines {
    texts: Vec<Rc<str>>,
    /// For each line that was there when the text was read, how many stand before it now.
    places: Vec<usize>,
    ends: bool,
}

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        (&self.texts, self.ends) == (&other.texts, other.ends)
    }
}

impl Lines {
    /// Takes a text apart.
    pub fn of(text: &str) -> Self {
        let texts: Vec<Rc<str>> = text.lines().map(Rc::from).collect();
        Self {
            places: (0..texts.len()).collect(),
            texts,
            ends: text.ends_with('\n'),
        }
    }

    /// The text again.
    pub fn text(&self) -> String {
        let mut text = self.texts.join("\n");
        if self.ends {
            text.push('\n');
        }
        text
    }

    /// The lines as they are now, to be read and numbered anew.
    pub fn settle(&mut self) {
        self.places = (0..self.texts.len()).collect();
    }

    /// Where the line is now that the parser found at this number, counted from 1.
    pub fn row(&self, parsed: usize) -> Row {
        let place = parsed
            .checked_sub(1)
            .and_then(|index| self.places.get(index));
        Row(place.map_or(0, |place| place + 1))
    }

    /// The line of a key of the whole file.
    pub fn top(&self, name: &str) -> Option<Row> {
        let is_key = |line: &Rc<str>| line.strip_suffix(':') == Some(name);
        let index = self.texts.iter().position(is_key)?;
        Some(Row(index + 1))
    }

    /// What stands on a line.
    pub fn get(&self, row: Row) -> &str {
        row.0
            .checked_sub(1)
            .and_then(|index| self.texts.get(index))
            .map_or("", |line| line)
    }

    /// How far a line is indented.
    pub fn indent(&self, row: Row) -> usize {
        let line = self.get(row);
        line.len() - line.trim_start().len()
    }

    /// The last line of the block that begins on a line.
    pub fn last(&self, row: Row) -> Row {
        let own = self.indent(row);
        // The items of a list may stand as deep as their key.
        let key_of_list = !self.get(row).trim_start().starts_with('-');
        let mut last = row;
        let mut next = row.next();
        while next.0 <= self.texts.len() {
            let text = self.get(next);
            if !text.trim().is_empty() {
                let indent = self.indent(next);
                let item = key_of_list && indent == own && text.trim_start().starts_with("- ");
                if indent <= own && !item {
                    break;
                }
                last = next;
            }
            next = next.next();
        }
        last
    }

    /// The lines inside the block that begins on a line.
    pub fn inside(&self, row: Row) -> impl Iterator<Item = Row> + use<> {
        (row.0 + 1..=self.last(row).0).map(Row)
    }

    /// How far the members of the block are indented that begins on a line.
    pub fn inner_indent(&self, row: Row) -> usize {
        self.inside(row)
            .find(|inner| !self.get(*inner).trim().is_empty())
            .map_or_else(|| self.indent(row) + 2, |inner| self.indent(inner))
    }

    /// The line of a member directly inside the block that begins on a line.
    pub fn member(&self, row: Row, name: &str) -> Option<Row> {
        let inner = self.inner_indent(row);
        (inner > self.indent(row)).then_some(())?;
        self.inside(row).find(|candidate| {
            self.indent(*candidate) == inner && key_of(self.get(*candidate)) == Some(name)
        })
    }

    /// Puts lines after a line, indented.
    pub fn insert_after(&mut self, row: Row, indent: usize, text: &[String]) {
        let margin = " ".repeat(indent);
        let at = row.0.min(self.texts.len());
        self.texts.splice(
            at..at,
            text.iter().map(|line| {
                if line.is_empty() {
                    Rc::from("")
                } else {
                    Rc::from(format!("{margin}{line}"))
                }
            }),
        );
        for place in self.places.iter_mut().rev() {
            if *place < at {
                break;
            }
            *place += text.len();
        }
    }

    /// Puts lines before a line, as far indented.
    pub fn insert_before(&mut self, row: Row, text: &[String]) {
        let indent = self.indent(row);
        self.insert_after(Row(row.0.saturating_sub(1)), indent, text);
    }

    /// Puts another text in the place of a line, as far indented.
    pub fn replace(&mut self, row: Row, text: &str) {
        let margin = " ".repeat(self.indent(row));
        self.set(row, &format!("{margin}{}", text.trim_start()));
    }

    fn set(&mut self, row: Row, text: &str) {
        if let Some(old) = row
            .0
            .checked_sub(1)
            .and_then(|index| self.texts.get_mut(index))
        {
            *old = Rc::from(text);
        }
    }

    /// Adds a member at the end of the mapping that begins on a line.
    ///
    /// # Errors
    /// Says that the mapping is written in one line, or has the member already.
    pub fn add_member(&mut self, row: Row, text: &[String]) -> Result<(), String> {
        let last = self.last(row);
        // A key may hold braces, as that of a path does.
        if last == row {
            return Err(format!("`{}` is written in one line", self.get(row).trim()));
        }
        let name = text.iter().find_map(|line| key_of(line));
        if let Some(name) = name.filter(|name| self.member(row, name).is_some()) {
            return Err(format!("`{name}` is there already"));
        }
        self.insert_after(last, self.inner_indent(row), text);
        Ok(())
    }

    /// Adds an item to the list of a key, before the item `before` or at the end.
    ///
    /// # Errors
    /// Says that there is no such list, or that it has the item already.
    pub fn add_item(&mut self, row: Row, item: &str, before: Option<&str>) -> Result<(), String> {
        let opening = self.get(row).find('[');
        if let Some(from) = opening {
            let (place, close) = self.closing(row, from)?;
            let inside = if place == row { from + 1 } else { 0 };
            let written = self.get(place).to_owned();
            let within = written.get(inside..close).unwrap_or_default();
            let at = before
                .and_then(|before| {
                    let offset = within.rfind(before)?;
                    let whole = within.get(..offset)?.trim_end();
                    (whole.is_empty() || whole.ends_with(',')).then_some(inside + offset)
                })
                .unwrap_or(close);
            let (head, tail) = written.split_at(at);
            let empty = within.trim().is_empty();
            let listed = self.list(row, place, close);
            if listed.split(['[', ',']).any(|other| other.trim() == item) {
                return Err(format!("`{item}` is listed already"));
            }
            let text = if at == close {
                let comma = if empty { "" } else { ", " };
                format!("{head}{comma}{item}{tail}")
            } else {
                format!("{head}{item}, {tail}")
            };
            self.set(place, &text);
            return Ok(());
        }
        let items: Vec<Row> = self
            .inside(row)
            .filter(|row| self.get(*row).trim_start().starts_with("- "))
            .collect();
        let Some(first) = items.first() else {
            return Err(format!("`{}` holds no list", self.get(row).trim()));
        };
        let indent = self.indent(*first);
        let is_item = |row: &Row| self.get(*row).trim().strip_prefix("- ") == Some(item);
        if items.iter().any(is_item) {
            return Err(format!("`{item}` is listed already"));
        }
        let next = before.and_then(|before| {
            items.iter().find(|row| {
                let text = self.get(**row).trim_start().trim_start_matches("- ");
                self.indent(**row) == indent
                    && (text.trim() == before || text.starts_with(&format!("{{value: {before},")))
            })
        });
        let text = [format!("- {item}")];
        match next {
            Some(next) => self.insert_before(*next, &text),
            None => self.insert_after(self.last(row), indent, &text),
        }
        Ok(())
    }

    /// The text from a line up to a column of another.
    fn list(&self, from: Row, to: Row, column: usize) -> String {
        let before = (from.0..to.0).map(|row| self.get(Row(row)));
        let last = self.get(to).get(..column).unwrap_or_default();
        before.chain([last]).collect::<Vec<_>>().join(" ")
    }

    /// Where the bracket that opens on a line at a column closes.
    fn closing(&self, row: Row, column: usize) -> Result<(Row, usize), String> {
        let mut depth = 0_usize;
        for number in (row.0..=self.texts.len()).map(Row) {
            let from = if number == row { column } else { 0 };
            for (at, letter) in self
                .get(number)
                .char_indices()
                .skip_while(|(at, _)| *at < from)
            {
                match letter {
                    '[' => depth += 1,
                    ']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            return Ok((number, at));
                        }
                    }
                    _ => {}
                }
            }
        }
        Err(format!("the list `{}` does not end", self.get(row).trim()))
    }

    /// Adds a sentence to the description of the block that begins on a line, or a description with it.
    ///
    /// # Errors
    /// Says that the sentence stands there already.
    pub fn describe(&mut self, row: Row, sentence: &str) -> Result<(), String> {
        let Some(place) = self.member(row, "description") else {
            let indent = self.inner_indent(row);
            let text = [format!("description: {}", quoted(sentence))];
            self.insert_after(row, indent, &text);
            return Ok(());
        };
        let is_there = |row| self.get(row).contains(sentence);
        if is_there(place) || self.inside(place).any(is_there) {
            return Err(format!("the description says already: {sentence}"));
        }
        let written = self.get(place).to_owned();
        let value = written
            .split_once(':')
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default();
        let indent = self.indent(place);
        if value.starts_with('|') || value.starts_with('>') {
            let inner = self.inner_indent(place);
            self.insert_after(self.last(place), inner, &[sentence.to_owned()]);
        } else {
            // A sentence in one line becomes a text of two.
            let plain = unquoted(&value);
            self.replace(place, "description: |");
            self.insert_after(place, indent + 2, &[plain, sentence.to_owned()]);
        }
        Ok(())
    }
}

/// The key of a line.
fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.trim_start().split_once(':')?;
    Some(key.trim_matches(['\'', '"']))
}

/// A text as a scalar of one line.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The text of a scalar of one line.
pub fn unquoted(value: &str) -> String {
    if let Some(inner) = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        inner.replace("''", "'")
    } else if let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        inner.replace("\\\"", "\"")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    const TEXT: &str = "# kept\na:\n  b: [one, two, last] # kept too\n  c:\n    - one\n    - last\n  d:\n    description: 'It''s one.'\n\n  e:\n    description: |\n      Two\n      lines.\n    x: 1\nz: 0\n";

    #[test]
    fn an_edit_touches_only_its_lines() {
        let mut lines = Lines::of(TEXT);
        for (line, item, before) in [
            (3, "new", Some("last")),
            (4, "new", Some("last")),
            (4, "end", None),
        ] {
            let row = lines.row(line);
            lines.add_item(row, item, before).expect("a list");
        }
        assert_eq!(
            lines.get(lines.row(3)),
            "  b: [one, two, new, last] # kept too"
        );
        assert_eq!(lines.get(lines.row(7)), "  d:", "it moved down");
        assert_eq!(lines.top("a"), Some(lines.row(2)));
        let d = lines.member(lines.row(2), "d").expect("d");
        lines.describe(d, "And two.").expect("another sentence");
        let e = lines.row(10);
        assert_eq!(lines.member(lines.row(2), "e"), Some(e));
        lines.describe(e, "Three.").expect("another sentence");
        lines
            .add_member(e, &["y:".to_owned(), "  f: 1".to_owned()])
            .expect("a block");
        let text = lines.text();
        let expected = TEXT
            .replace("two, last]", "two, new, last]")
            .replace("    - last\n", "    - new\n    - last\n    - end\n")
            .replace(
                "    description: 'It''s one.'\n",
                "    description: |\n      It's one.\n      And two.\n",
            )
            .replace(
                "      lines.\n    x: 1\n",
                "      lines.\n      Three.\n    x: 1\n    y:\n      f: 1\n",
            );
        assert_eq!(text, expected);
        assert_eq!(lines.get(lines.row(15)), "z: 0", "what is below moved too");
        assert!(lines.add_item(lines.row(1), "x", None).is_err());
        for (line, item) in [(3, "new"), (3, "one"), (4, "end")] {
            let row = lines.row(line);
            assert!(lines.add_item(row, item, None).is_err(), "{item} is there");
        }
        assert!(lines.describe(e, "Three.").is_err());
        assert!(lines.add_member(e, &["y:".to_owned()]).is_err());
        assert_eq!(lines.text(), text, "what is there is not written twice");
        let before = lines.row(15);
        lines.settle();
        assert_ne!(lines.row(15), before, "numbered anew");
    }
}
