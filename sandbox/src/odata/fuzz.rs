//! Paths and queries that nobody should send, against what reads them.
//!
//! What is understood of a path is written out again and has to be understood in the same way; what is understood of a
//! query is held against another parser of queries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::page::{self, Listed};
use super::path::{self, Argument, ArgumentValue, Segment};
use super::query::{ListOptions, Query};
use super::version::Version;

const PATHS: [&str; 9] = [
    "/v1.0/solutions/migrations/crossTenantMigrationJobs",
    "/beta/solutions/migrations/crossTenantMigrationJobs/O'Brien%2Fwave%20(3)/users/a@b.example/cancel",
    "/v1.0/solutions/migrations/crossTenantMigrationJobs('it''s')/microsoft.graph.cancel",
    "/v1.0/solutions/migrations/crossTenantMigrationJobs(displayName='x),(y')",
    "/beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks/getBySourceSiteUrl(sourceSiteUrl=@url)",
    "/beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks/getBySourceSiteUrl(sourceSiteUrl='https://a.example/sites/IT')",
    "/beta/solutions/sharePoint/migrations/crossOrganizationUserMappings(sourceUserPrincipalName=%27it%27%27s%27)",
    "/v1.0/$metadata",
    "//users//",
];

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn written(argument: &Argument) -> String {
    let value = match &argument.value {
        ArgumentValue::Text(text) => format!("'{}'", encoded(&text.replace('\'', "''"))),
        ArgumentValue::Alias(alias) => format!("@{}", encoded(alias)),
    };
    match &argument.name {
        Some(name) => format!("{}={value}", encoded(name)),
        None => value,
    }
}

#[test]
fn paths() {
    fuzz!(1_000, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = PATHS.iter().map(|path| path.as_bytes()).collect();
        let path = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        let segments = match path::parse(&path) {
            Ok(segments) => segments,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
        };
        assert!(segments.len() <= path.len() + 1);
        let again: String = segments
            .iter()
            .map(|segment| match segment {
                Segment::Plain(text) => format!("/{}", encoded(text)),
                Segment::Call { name, arguments } => {
                    let arguments: Vec<String> = arguments.iter().map(written).collect();
                    format!("/{}({})", encoded(name), arguments.join(","))
                }
            })
            .collect();
        // An empty segment at the end is taken for a slash that means nothing.
        let is_empty = |segment: Option<&Segment>| segment == Some(&Segment::Plain(String::new()));
        if !is_empty(segments.last()) {
            assert_eq!(path::parse(&again), Ok(segments), "{path:?} as {again:?}");
        }
    });
}

const QUERIES: [&str; 6] = [
    "$top=5&$select=id,%20status&$count=true&x=1",
    "%24TOP=999&$orderby=createdDateTime%20desc,id",
    "$skiptoken=eyJrZXlzIjpbXX0%3D",
    "@url='https%3A%2F%2Fa.example%2Fit''s'&$select=*",
    "$filter=status eq 'failed'",
    "top=2147483647&count=FALSE",
];

#[test]
fn queries() {
    fuzz!(1_000, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = QUERIES.iter().map(|query| query.as_bytes()).collect();
        let raw = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        let query = Query::parse(&raw, Version::V1);
        let is_accepted = query.check().is_ok();
        let options = query.for_list();
        let _ = query.for_one();
        let Ok(options) = options else { return };
        assert!(
            options
                .top
                .is_none_or(|top| (1..=2_147_483_647).contains(&top))
        );
        if let Some(names) = &options.select {
            assert!(names.iter().all(|name| !name.is_empty()));
        }
        // Another parser finds the same options; it knows no fragments and takes what is no UTF-8.
        let mut url = Url::parse("http://127.0.0.1/").expect("an address");
        url.set_query(Some(&raw));
        if !is_accepted || raw.contains(|c: char| c.is_control() || c == '#') {
            return;
        }
        let found = |wanted: &str| {
            let mut pairs = url.query_pairs();
            let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(value.into_owned())
        };
        let top = found("$top").map(|top| top.parse::<usize>().expect("a number"));
        assert_eq!(options.top, top, "{raw:?}");
        assert_eq!(options.skiptoken, found("$skiptoken"), "{raw:?}");
        assert_eq!(options.orderby, found("$orderby"), "{raw:?}");
    });
}

struct Item(u64);

impl Listed for Item {
    fn sequence(&self) -> u64 {
        self.0
    }

    fn sort_key(&self, property: &str) -> Option<String> {
        (property == "name").then(|| (self.0 % 3).to_string())
    }
}

#[test]
fn next_links() {
    const MARKS: [&str; 3] = [
        r#"{"keys":["1"],"sequence":4,"top":2}"#,
        r#"{"keys":[],"sequence":18446744073709551615,"top":18446744073709551615}"#,
        r#"{"keys":["","2"],"sequence":0,"top":0}"#,
    ];
    fuzz!(600, |chosen: &[u8]| {
        let items: Vec<Item> = (0..9).map(Item).collect();
        let seeds: Vec<&[u8]> = MARKS.iter().map(|mark| mark.as_bytes()).collect();
        let mark = input(chosen, &seeds);
        let turn = usize::from(chosen.first().copied().unwrap_or_default());
        let orderby = [None, Some("name"), Some("name desc"), Some("name,name")][turn % 4];
        let mut options = ListOptions {
            orderby: orderby.map(str::to_owned),
            skiptoken: Some(match turn % 3 {
                0 => String::from_utf8_lossy(&mark).into_owned(),
                _ => STANDARD.encode(&mark),
            }),
            ..ListOptions::default()
        };
        // From wherever a token leads, every page is shorter than the last, and no item comes twice.
        let mut seen = Vec::new();
        loop {
            let page = page::take(items.iter().collect(), &["name"], true, &options, 4);
            let Ok(page) = page else { return };
            seen.extend(page.items.iter().map(|item| item.0));
            let Some(token) = page.next else { break };
            let link = page::next_link("http://127.0.0.1/jobs", &options, &token);
            assert_one_line(&link, 10_000);
            let (_, query) = link.split_once('?').expect("a query");
            let read = Query::parse(query, Version::V1).for_list();
            options = read.expect("what it writes it reads");
            assert_eq!(options.skiptoken, Some(token));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    });
}
