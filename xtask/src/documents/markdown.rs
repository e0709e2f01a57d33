//! Reads the repository's Markdown and the rendered web page given as Markdown.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;
use std::sync::LazyLock;

use super::blocks::{Block, Content, Link, Row, Table, Text};
use regex::Regex;

/// An include as it reads in a text, whose link is words by then or still written out.
static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[!(?i:INCLUDE)\s*(?:\[[^\]]*\]\s*(?:\([^)]*\))?|[^\]]*?)\s*\]").expect("pattern")
});
static INCLUDE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[!(?i:INCLUDE)\s*\[[^\]]*\]\s*\(([^)\s]+)\)\s*\]").expect("pattern")
});
static HEADING_ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\s*\{#[^{}\s]+\}\s*$").expect("pattern"));
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<!--(.*?)(?:-->|\z)").expect("pattern"));

/// The blocks of a Markdown page, and remarks about what could not be read as meant.
pub struct Parsed {
    /// The blocks in order.
    pub blocks: Vec<Block>,
    /// Lines with a remark each.
    pub remarks: Vec<(usize, String)>,
}

/// Parses Markdown with tables and front matter.
pub fn parse(source: &str) -> Parsed {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader::new(source);
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        reader.take(event, range);
    }
    Parsed {
        blocks: reader.blocks,
        remarks: reader.remarks,
    }
}

struct Reader<'a> {
    source: &'a str,
    line_starts: Vec<usize>,
    blocks: Vec<Block>,
    remarks: Vec<(usize, String)>,
    text: Text,
    link: Option<(usize, String)>,
    heading: Option<u8>,
    code: Option<(String, String, usize, usize)>,
    table: Option<(usize, Table)>,
    cells: Vec<Text>,
    metadata: bool,
    text_from: Option<usize>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(source.match_indices('\n').map(|(at, _)| at + 1));
        Self {
            source,
            line_starts,
            blocks: Vec::new(),
            remarks: Vec::new(),
            text: Text::default(),
            link: None,
            heading: None,
            code: None,
            table: None,
            cells: Vec::new(),
            metadata: false,
            text_from: None,
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn push(&mut self, line: usize, content: Content) {
        self.blocks.push(Block { line, content });
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, &range),
            Event::End(tag) => self.end(tag, &range),
            Event::Text(words) => {
                if self.metadata {
                    return;
                }
                if let Some((_, body, _, _)) = &mut self.code {
                    body.push_str(&words);
                } else {
                    self.text_from.get_or_insert(range.start);
                    self.text.marked.push_str(&words);
                }
            }
            Event::Code(words) => {
                self.text_from.get_or_insert(range.start);
                self.text.marked.push('`');
                self.text.marked.push_str(&words);
                self.text.marked.push('`');
            }
            Event::SoftBreak | Event::HardBreak => self.text.marked.push(' '),
            Event::Rule => self.push(self.line(range.start), Content::Rule),
            Event::Html(_) | Event::InlineHtml(_) => {
                // `<br>` separates words inside a table cell.
                self.text.marked.push(' ');
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::MetadataBlock(_) => self.metadata = true,
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level_number(level));
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let line = self.line(range.start);
                let (language, first) = match kind {
                    CodeBlockKind::Fenced(info) => (language(&info), line + 1),
                    CodeBlockKind::Indented => (String::new(), line),
                };
                self.code = Some((language, String::new(), line, first));
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some((self.line(range.start), Table::default()));
            }
            Tag::Paragraph | Tag::Item | Tag::HtmlBlock => self.flush(),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link = Some((self.text.marked.len(), dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::MetadataBlock(_) => self.metadata = false,
            TagEnd::Heading(_) => {
                let level = self.heading.take().unwrap_or(1);
                let mut text = std::mem::take(&mut self.text);
                text.marked = HEADING_ID.replace(&text.marked, "").into_owned();
                self.text_from = None;
                self.push(self.line(range.start), Content::Heading(level, text));
            }
            TagEnd::CodeBlock => {
                if let Some((language, body, line, first)) = self.code.take() {
                    self.push(line, Content::Code(language, body, first));
                }
            }
            // A picture says nothing that can be read; a sign in a cell has its name.
            TagEnd::Image if self.table.is_none() => {
                if let Some((from, _)) = self.link.take() {
                    self.text.marked.truncate(from);
                }
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some((from, target)) = self.link.take() {
                    let words = self.text.marked.get(from..).unwrap_or_default();
                    let words = words.replace('`', "");
                    self.text.links.push(Link { words, target });
                }
            }
            TagEnd::TableCell => {
                let mut cell = std::mem::take(&mut self.text);
                self.text_from = None;
                cell = Text {
                    marked: cell.marked.trim().to_owned(),
                    links: cell.links,
                };
                self.cells.push(cell);
            }
            TagEnd::TableHead => {
                let cells = std::mem::take(&mut self.cells);
                if let Some((_, table)) = &mut self.table {
                    table.header = cells;
                }
            }
            TagEnd::TableRow => self.end_row(range),
            TagEnd::Table => {
                if let Some((line, table)) = self.table.take() {
                    self.push(line, Content::Table(table));
                }
            }
            TagEnd::HtmlBlock => self.comments(range),
            TagEnd::Paragraph | TagEnd::Item => self.flush(),
            _ => {}
        }
    }

    /// A row is kept whatever its number of cells; the parser itself pads and cuts in silence.
    fn end_row(&mut self, range: &Range<usize>) {
        let line = self.line(range.start);
        let cells = std::mem::take(&mut self.cells);
        let written = written_cells(self.source.get(range.clone()).unwrap_or_default());
        if let Some((_, table)) = &mut self.table {
            let expected = table.header.len();
            if written != expected {
                self.remarks.push((
                    line,
                    format!("malformed table row: {written} cells under {expected} headings"),
                ));
            }
            table.rows.push(Row { line, cells });
        }
    }

    fn comments(&mut self, range: &Range<usize>) {
        self.text = Text::default();
        self.text_from = None;
        let html = self.source.get(range.clone()).unwrap_or_default();
        let found: Vec<(usize, String)> = COMMENT
            .captures_iter(html)
            .filter_map(|captures| {
                let inside = captures.get(1)?;
                Some((
                    range.start + captures.get(0)?.start(),
                    inside.as_str().trim().to_owned(),
                ))
            })
            .collect();
        for (offset, inside) in found {
            self.push(self.line(offset), Content::Comment(inside));
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let from = self.text_from.take();
        if self.table.is_some() || text.marked.trim().is_empty() {
            return;
        }
        let line = self.line(from.unwrap_or(0));
        let includes = includes_in(&text);
        if includes.is_empty() {
            self.push(line, Content::Paragraph(text));
            return;
        }
        // What stands beside an include is read like any other text.
        let marked = DIRECTIVE.replace_all(&text.marked, " ").trim().to_owned();
        if !marked.is_empty() {
            let links = text.links.into_iter();
            let links = links.filter(|link| !includes.contains(&link.target));
            let beside = Text {
                marked,
                links: links.collect(),
            };
            self.push(line, Content::Paragraph(beside));
        }
        for target in includes {
            self.push(line, Content::Include(target));
        }
    }
}

/// The language of a fence; requests that can be tried on the web site are written in the same one.
fn language(info: &str) -> String {
    let name = info.split_whitespace().next().unwrap_or_default();
    let name = name.to_lowercase();
    if name.starts_with("msgraph") {
        "http".to_owned()
    } else {
        name
    }
}

fn includes_in(text: &Text) -> Vec<String> {
    if !DIRECTIVE.is_match(&text.marked) {
        return Vec::new();
    }
    let written: Vec<String> = INCLUDE
        .captures_iter(&text.marked)
        .filter_map(|captures| Some(captures.get(1)?.as_str().to_owned()))
        .collect();
    if written.is_empty() {
        text.links.iter().map(|link| link.target.clone()).collect()
    } else {
        written
    }
}

/// The number of cells a row was written with, counting unescaped bars outside code spans.
fn written_cells(row: &str) -> usize {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = 1;
    let mut escaped = false;
    let mut last_bar = false;
    for letter in row.chars() {
        last_bar = letter == '|' && !escaped;
        if last_bar {
            cells += 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    if last_bar { cells - 1 } else { cells }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
