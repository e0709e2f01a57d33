//! Edits YAML files line by line, so that every comment, order and line that is not changed stays.
//!
//! The parser that reads the files tells where each node begins; indentation tells where it ends.

/// The lines of a file.
#[derive(Clone, Debug)]
pub struct Lines {
    lines: Vec<String>,
    ends: bool,
}

impl Lines {
    /// Takes a text apart.
    pub fn of(text: &str) -> Self {
        Self {
            lines: text.lines().map(str::to_owned).collect(),
            ends: text.ends_with('\n'),
        }
    }

    /// The text again.
    pub fn text(&self) -> String {
        let mut text = self.lines.join("\n");
        if self.ends {
            text.push('\n');
        }
        text
    }

    /// A line, counted from 1.
    pub fn get(&self, line: usize) -> &str {
        line.checked_sub(1)
            .and_then(|index| self.lines.get(index))
            .map_or("", String::as_str)
    }

    /// How far a line is indented.
    pub fn indent(&self, line: usize) -> usize {
        let line = self.get(line);
        line.len() - line.trim_start().len()
    }

    /// The last line of the block that begins on a line.
    pub fn last(&self, line: usize) -> usize {
        let own = self.indent(line);
        // The items of a list may stand as deep as their key.
        let key_of_list = !self.get(line).trim_start().starts_with('-');
        let mut last = line;
        let mut next = line + 1;
        while next <= self.lines.len() {
            let text = self.get(next);
            if !text.trim().is_empty() {
                let indent = self.indent(next);
                let item = key_of_list && indent == own && text.trim_start().starts_with("- ");
                if indent <= own && !item {
                    break;
                }
                last = next;
            }
            next += 1;
        }
        last
    }

    /// The line of a member directly inside the block that begins on a line.
    pub fn member(&self, line: usize, name: &str) -> Option<usize> {
        let own = self.indent(line);
        let inner = (line + 1..=self.last(line))
            .find(|inner| !self.get(*inner).trim().is_empty())
            .map(|inner| self.indent(inner))?;
        (inner > own).then_some(())?;
        (line + 1..=self.last(line)).find(|candidate| {
            self.indent(*candidate) == inner && key_of(self.get(*candidate)) == Some(name)
        })
    }

    /// Puts lines after a line, indented.
    pub fn insert_after(&mut self, line: usize, indent: usize, text: &[String]) {
        let margin = " ".repeat(indent);
        let at = line.min(self.lines.len());
        self.lines.splice(
            at..at,
            text.iter().map(|line| {
                if line.is_empty() {
                    String::new()
                } else {
                    format!("{margin}{line}")
                }
            }),
        );
    }

    /// Puts another text in the place of a line, as far indented.
    pub fn replace(&mut self, line: usize, text: &str) {
        let margin = " ".repeat(self.indent(line));
        if let Some(old) = line
            .checked_sub(1)
            .and_then(|index| self.lines.get_mut(index))
        {
            *old = format!("{margin}{}", text.trim_start());
        }
    }

    /// Adds members at the end of the mapping that begins on a line.
    ///
    /// # Errors
    /// Says that the mapping is written in one line.
    pub fn add_member(&mut self, line: usize, text: &[String]) -> Result<(), String> {
        let last = self.last(line);
        // A key may hold braces, as that of a path does.
        if last == line {
            return Err(format!("line {line} is written in one line"));
        }
        let indent = (line + 1..=last)
            .find(|inner| !self.get(*inner).trim().is_empty())
            .map_or_else(|| self.indent(line) + 2, |inner| self.indent(inner));
        self.insert_after(last, indent, text);
        Ok(())
    }

    /// Adds an item to the list of a key, before the item `before` or at the end.
    ///
    /// # Errors
    /// Says that there is no such list.
    pub fn add_item(
        &mut self,
        line: usize,
        item: &str,
        before: Option<&str>,
    ) -> Result<(), String> {
        let last = self.last(line);
        let opening = self.get(line).find('[');
        if let Some(from) = opening {
            let (place, close) = self.closing(line, from)?;
            let inside = if place == line { from + 1 } else { 0 };
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
            let text = if at == close {
                let comma = if empty { "" } else { ", " };
                format!("{head}{comma}{item}{tail}")
            } else {
                format!("{head}{item}, {tail}")
            };
            self.lines[place - 1] = text;
            return Ok(());
        }
        let items: Vec<usize> = (line + 1..=last)
            .filter(|line| self.get(*line).trim_start().starts_with("- "))
            .collect();
        let Some(first) = items.first() else {
            return Err(format!("line {line} holds no list"));
        };
        let indent = self.indent(*first);
        let after = before
            .and_then(|before| {
                items.iter().find(|line| {
                    let text = self.get(**line).trim_start().trim_start_matches("- ");
                    self.indent(**line) == indent
                        && (text.trim() == before
                            || text.starts_with(&format!("{{value: {before},")))
                })
            })
            .map_or(last, |line| line - 1);
        self.insert_after(after, indent, &[format!("- {item}")]);
        Ok(())
    }

    /// Where the bracket that opens on a line at a column closes.
    fn closing(&self, line: usize, column: usize) -> Result<(usize, usize), String> {
        let mut depth = 0_usize;
        for number in line..=self.lines.len() {
            let from = if number == line { column } else { 0 };
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
        Err(format!("the list on line {line} does not end"))
    }

    /// Adds a sentence to the description of the block that begins on a line, or a description with it.
    pub fn describe(&mut self, line: usize, sentence: &str) {
        let Some(place) = self.member(line, "description") else {
            let indent = (line + 1..=self.last(line))
                .find(|inner| !self.get(*inner).trim().is_empty())
                .map_or_else(|| self.indent(line) + 2, |inner| self.indent(inner));
            self.insert_after(
                line,
                indent,
                &[format!("description: {}", quoted(sentence))],
            );
            return;
        };
        let written = self.get(place).to_owned();
        let value = written
            .split_once(':')
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default();
        let indent = self.indent(place);
        if value.starts_with('|') || value.starts_with('>') {
            let last = self.last(place);
            let inner = (place + 1..=last)
                .find(|inner| !self.get(*inner).trim().is_empty())
                .map_or(indent + 2, |inner| self.indent(inner));
            self.insert_after(last, inner, &[sentence.to_owned()]);
        } else {
            // A sentence in one line becomes a text of two.
            let plain = unquoted(&value);
            let margin = " ".repeat(indent);
            self.lines[place - 1] = format!("{margin}description: |");
            self.insert_after(place, indent + 2, &[plain, sentence.to_owned()]);
        }
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

fn unquoted(value: &str) -> String {
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
        lines.add_item(3, "new", Some("last")).expect("a list");
        lines.add_item(4, "new", Some("last")).expect("a list");
        lines.add_item(4, "end", None).expect("a list");
        assert_eq!(lines.get(3), "  b: [one, two, new, last] # kept too");
        let d = lines.member(2, "d").expect("d");
        lines.describe(d, "And two.");
        let e = lines.member(2, "e").expect("e");
        lines.describe(e, "Three.");
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
        assert!(lines.add_item(1, "x", None).is_err());
    }
}
