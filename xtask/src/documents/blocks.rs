//! The pieces of a page that every layout is reduced to.

/// Inline text with its code spans kept between backticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The words, with every code span written as `` `span` ``.
    pub marked: String,
    /// The links in order.
    pub links: Vec<Link>,
}

/// A link inside a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The words that are linked, without backticks.
    pub words: String,
    /// Where the link leads.
    pub target: String,
}

impl Link {
    /// The last path segment of the target without extension, query or fragment.
    pub fn stem(&self) -> String {
        stem_of(&self.target)
    }
}

impl Text {
    /// A text without links or code spans of its own.
    pub fn bare(words: &str) -> Self {
        Self {
            marked: words.trim().to_owned(),
            links: Vec::new(),
        }
    }

    /// The words without backticks.
    pub fn plain(&self) -> String {
        self.marked.replace('`', "")
    }
}

/// The last path segment of a link or a file name, lower-cased, without extension.
pub fn stem_of(target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = last
        .strip_suffix(".md")
        .or_else(|| last.strip_suffix(".markdown"))
        .or_else(|| last.strip_suffix(".txt"))
        .unwrap_or(last);
    stem.to_lowercase()
}

/// One row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The cells, as many as were written.
    pub cells: Vec<Text>,
}

/// A table with its header.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The header cells.
    pub header: Vec<Text>,
    /// The rows below the header.
    pub rows: Vec<Row>,
}

impl Table {
    /// The position of the first column whose heading is one of `names` (lower case).
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        self.header
            .iter()
            .position(|cell| names.contains(&cell.plain().trim().to_lowercase().as_str()))
    }
}

/// What a block holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// A heading of the given level.
    Heading(u8, Text),
    /// A paragraph, list item or quotation.
    Paragraph(Text),
    /// A table.
    Table(Table),
    /// A code block: its language in lower case, its text, and the line on which the text begins.
    Code(String, String, usize),
    /// The inside of an HTML comment.
    Comment(String),
    /// The target of an include line.
    Include(String),
    /// A horizontal rule, which ends a group of tabs.
    Rule,
}

/// A block with its place.
#[derive(Clone, Debug)]
pub struct Block {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// What stands there.
    pub content: Content,
}

/// The blocks below one heading, up to the next heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// The headings above, outermost first, in lower case; the last is the section's own.
    pub titles: Vec<String>,
    /// The section's own heading as it is written.
    pub heading: String,
    /// The line of the heading; 1 for what precedes the first heading.
    pub line: usize,
    /// The blocks.
    pub blocks: Vec<Block>,
}

impl Section {
    /// The section's own heading in lower case.
    pub fn title(&self) -> &str {
        self.titles.last().map_or("", String::as_str)
    }

    /// Whether the section's own heading is one of `names`.
    pub fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.title())
    }
}

/// Groups blocks by heading and drops every tab but the HTTP one.
///
/// Tabs repeat one request in other languages; what they state is stated by the HTTP tab already.
pub fn sections(blocks: &[Block]) -> Vec<Section> {
    let mut found = vec![Section {
        titles: Vec::new(),
        heading: String::new(),
        line: 1,
        blocks: Vec::new(),
    }];
    let mut open: Vec<(u8, String)> = Vec::new();
    let mut hidden_tab = false;
    for block in blocks {
        match &block.content {
            Content::Heading(level, text) => {
                if let Some(tab) = tab_of(text) {
                    hidden_tab = tab != "http";
                    continue;
                }
                hidden_tab = false;
                open.retain(|(outer, _)| outer < level);
                open.push((*level, normal_title(&text.plain())));
                found.push(Section {
                    titles: open.iter().map(|(_, title)| title.clone()).collect(),
                    heading: text.plain().replace('*', "").trim().to_owned(),
                    line: block.line,
                    blocks: Vec::new(),
                });
            }
            Content::Rule => hidden_tab = false,
            _ if hidden_tab => {}
            _ => {
                if let Some(section) = found.last_mut() {
                    section.blocks.push(block.clone());
                }
            }
        }
    }
    found
}

fn tab_of(text: &Text) -> Option<String> {
    let link = text.links.first()?;
    let tab = link.target.strip_prefix("#tab/")?;
    Some(tab.split('/').next().unwrap_or(tab).to_lowercase())
}

fn normal_title(title: &str) -> String {
    title
        .replace('*', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}
