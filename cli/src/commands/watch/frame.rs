//! One picture of the jobs that are watched, for a terminal of a certain size. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};
use msgraph_migrations::models::{
    CrossTenantMigrationJobStatus as JobStatus, CrossTenantMigrationServiceStatus as Status,
};
use unicode_width::UnicodeWidthStr;

use super::state::{State, View};
use crate::commands::session::status_of;
use crate::deadlines::{attention, next_deadline};
use crate::error_codes::explain;
use crate::output::{counted, cut, escaped};
use crate::time::distance;

/// How wide the bar of a workload is.
const BAR: usize = 30;
/// How many codes of a job are shown.
const MAX_CODES: usize = 3;
const HINT: &str = "Ctrl-C stops watching; the migrations go on";

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const BUSY: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();
const PLAIN: Style = Style::new();

/// A line, and how it is shown.
type Line = Vec<(String, Style)>;

/// The picture at `now`: lines of at most `width` columns, at most `height` of them.
pub fn frame(state: &State, width: usize, height: usize, now: DateTime<Utc>) -> Vec<String> {
    let room = height.saturating_sub(2).max(1);
    let mut lines = vec![heading(state, now)];
    let whole: Vec<Line> = state
        .views
        .iter()
        .flat_map(|view| section(view, now))
        .collect();
    if whole.len() <= room {
        lines.extend(whole);
    } else {
        // Those that are over are the first to go.
        let mut views: Vec<_> = state.views.iter().collect();
        views.sort_by_key(|view| view.end.is_some());
        let shown = room.saturating_sub(1).max(1);
        lines.extend(views.iter().take(shown).map(|view| summary(view, now)));
        let others = views.len().saturating_sub(shown);
        if others > 0 {
            lines.push(vec![(
                format!("… and {others} others: xtmig status"),
                FAINT,
            )]);
        }
    }
    lines.push(vec![(HINT.to_owned(), FAINT)]);
    lines.into_iter().map(|line| fit(line, width)).collect()
}

fn heading(state: &State, now: DateTime<Utc>) -> Line {
    let open = state.open().count();
    let read = match state.read_at {
        Some(time) => format!("read {} s ago", (now - time).num_seconds().max(0)),
        None => "not read yet".to_owned(),
    };
    vec![(
        format!("{open} of {} jobs under way, {read}", state.views.len()),
        FAINT,
    )]
}

fn section(view: &View, now: DateTime<Utc>) -> Vec<Line> {
    let mut lines = vec![title(view, now)];
    if let Some(trouble) = &view.trouble {
        lines.push(vec![(format!("  ! {trouble}"), BAD)]);
    }
    let Some(counts) = &view.counts else {
        return lines;
    };
    let names = counts.workloads.keys().map(|name| name.width());
    let widest = names.max().unwrap_or(0);
    for (workload, statuses) in &counts.workloads {
        let mut line = vec![(format!("  {workload:widest$}  "), PLAIN)];
        line.extend(bar(statuses));
        let told: Vec<_> = statuses
            .iter()
            .map(|(status, count)| format!("{count} {status}"))
            .collect();
        line.push((format!("  {}", told.join(", ")), PLAIN));
        lines.push(line);
    }
    let mut codes: Vec<_> = counts.codes.iter().collect();
    codes.sort_by_key(|(_, users)| std::cmp::Reverse(**users));
    for (code, users) in codes.iter().take(MAX_CODES) {
        let meaning = explain(code).map_or("", |found| found.meaning);
        lines.push(vec![(
            format!("  ! {code}: {}. {meaning}", counted(**users, "user")),
            BAD,
        )]);
    }
    if codes.len() > MAX_CODES {
        let others = codes.len() - MAX_CODES;
        lines.push(vec![(format!("  ! and {others} other codes"), BAD)]);
    }
    if !counts.is_complete {
        lines.push(vec![("  ! not all users could be read".to_owned(), BAD)]);
    }
    lines
}

/// The job on one line: name, status and what is next.
fn title(view: &View, now: DateTime<Utc>) -> Line {
    let Some(job) = &view.job else {
        return vec![
            (view.name.clone(), PLAIN),
            ("  not read yet".to_owned(), FAINT),
        ];
    };
    let mut line = vec![
        (format!("{}  ", view.name), PLAIN.bold()),
        (status_of(job).to_owned(), style_of(job.status.as_ref())),
    ];
    if let Some((what, _)) = attention(job, now).filter(|_| view.end.is_none()) {
        line.push((format!("  {what}"), BAD));
    }
    if let Some(deadline) = next_deadline(job, now) {
        let distance = distance(deadline.time, now);
        line.push((format!("  {distance}: {}", deadline.what), PLAIN));
    }
    line
}

/// The job on one line with counts, where there is no room for more.
fn summary(view: &View, now: DateTime<Utc>) -> Line {
    let mut line = title(view, now);
    if let Some(counts) = &view.counts {
        let failed: usize = counts.codes.values().sum();
        let done = counts.workloads.values().flat_map(BTreeMap::iter);
        let done: usize = done
            .filter(|(status, _)| is_done(status))
            .map(|(_, count)| count)
            .sum();
        let all = counts.workloads.values().flat_map(BTreeMap::values);
        let all: usize = all.sum();
        let percent = (done * 100).checked_div(all).unwrap_or(0);
        line.push((
            format!("  {percent} % of {}", counted(counts.users, "user")),
            PLAIN,
        ));
        if failed > 0 {
            line.push((format!("  {failed} problems"), BAD));
        }
    }
    if view.trouble.is_some() {
        line.push(("  !".to_owned(), BAD));
    }
    line
}

fn is_done(status: &str) -> bool {
    class(status) == Class::Done
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Done,
    Busy,
    Waiting,
    Cancelled,
    Bad,
}

fn class(status: &str) -> Class {
    match Status::from(status) {
        Status::Completed | Status::Valid => Class::Done,
        Status::InProgress | Status::Syncing | Status::Synced | Status::Finalizing => Class::Busy,
        Status::Failed | Status::Error | Status::Invalid => Class::Bad,
        Status::Cancelled | Status::PendingCancel => Class::Cancelled,
        _ => Class::Waiting,
    }
}

/// A bar whose parts are as long as there are users in each kind of status; nobody is too few to be seen.
fn bar(statuses: &BTreeMap<String, usize>) -> Line {
    let all: usize = statuses.values().sum();
    let mut parts: Vec<(char, Style, usize)> = [
        (Class::Done, '#', GOOD),
        (Class::Busy, '>', BUSY),
        (Class::Bad, '!', BAD),
        (Class::Cancelled, '-', FAINT),
        (Class::Waiting, '.', FAINT),
    ]
    .into_iter()
    .filter_map(|(kind, sign, style)| {
        let of_kind = statuses.iter().filter(|(status, _)| class(status) == kind);
        let count: usize = of_kind.map(|(_, count)| count).sum();
        let length = (count * BAR).checked_div(all)?.max(1);
        (count > 0).then_some((sign, style, length))
    })
    .collect();
    // What is lost or won by rounding is the longest part's.
    let taken: usize = parts.iter().map(|(.., length)| length).sum();
    if let Some((.., longest)) = parts.iter_mut().max_by_key(|(.., length)| *length) {
        *longest = (*longest + BAR).saturating_sub(taken);
    }
    let mut line = vec![("[".to_owned(), PLAIN)];
    line.extend(
        parts
            .into_iter()
            .map(|(sign, style, length)| (sign.to_string().repeat(length), style)),
    );
    line.push(("]".to_owned(), PLAIN));
    line
}

fn style_of(status: Option<&JobStatus>) -> Style {
    match status {
        Some(JobStatus::Completed | JobStatus::ValidatePassed) => GOOD,
        Some(
            JobStatus::Failed
            | JobStatus::CompletedWithErrors
            | JobStatus::ValidateFailed
            | JobStatus::AdminActionRequired,
        ) => BAD,
        Some(JobStatus::InProgress | JobStatus::CuttingOver | JobStatus::Processing) => BUSY,
        _ => PLAIN,
    }
}

/// The line as a terminal shows it, cut to `width`.
fn fit(line: Line, width: usize) -> String {
    let mut left = width;
    let mut shown = String::new();
    for (text, style) in line {
        if left == 0 {
            break;
        }
        let text = cut(&escaped(&text), left);
        left -= text.width().min(left);
        // Writing to a text cannot fail.
        let _ = write!(shown, "{style}{text}{style:#}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::watch::state::{Counts, End};

    fn state() -> State {
        let job = |json: &str| serde_json::from_str(json).ok();
        let counts = |json: serde_json::Value, codes: &[(&str, usize)]| Counts {
            users: 240,
            is_complete: true,
            workloads: serde_json::from_value(json).expect("counts"),
            codes: codes
                .iter()
                .map(|(code, users)| ((*code).to_owned(), *users))
                .collect(),
        };
        State {
            views: vec![
                View {
                    name: "Alderwood wave 3".to_owned(),
                    job: job(
                        r#"{"status":"inProgress","completeAfterDateTime":"2026-12-12T20:00:00Z"}"#,
                    ),
                    counts: Some(counts(
                        serde_json::json!({
                            "Exchange": {"synced": 181, "syncing": 57, "failed": 2},
                            "Teams": {"completed": 120, "inProgress": 118, "cancelled": 2},
                        }),
                        &[("EXCH-07", 2)],
                    )),
                    trouble: Some("STALLED, nothing has changed for 1 h 0 min".to_owned()),
                    end: None,
                },
                View {
                    name: "東京支社の移行".to_owned(),
                    job: job(
                        r#"{"status":"validatePassed","lastUpdatedDateTime":"2026-12-11T08:00:00Z"}"#,
                    ),
                    counts: None,
                    trouble: None,
                    end: None,
                },
                View {
                    name: "Alderwood wave 2".to_owned(),
                    job: job(r#"{"status":"completedWithErrors"}"#),
                    counts: Some(counts(
                        serde_json::json!({"Exchange": {"completed": 239, "failed": 1}}),
                        &[("EXCH-15", 1), ("CTTM-004", 3), ("IM-003", 2), ("X-1", 1)],
                    )),
                    trouble: None,
                    end: Some(End::Reached),
                },
            ],
            read_at: Some(at("2026-12-12T16:03:56Z")),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn plain(lines: &[String]) -> String {
        let text = lines.join("\n");
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn a_picture_has_bars_deadlines_and_what_the_codes_mean() {
        let lines = frame(&state(), 100, 40, at("2026-12-12T16:04:00Z"));
        insta::assert_snapshot!("watch_frame", plain(&lines));
    }

    #[test]
    fn where_there_is_no_room_each_job_has_one_line() {
        let lines = frame(&state(), 72, 6, at("2026-12-12T16:04:00Z"));
        insta::assert_snapshot!("watch_frame_small", plain(&lines));
    }

    #[test]
    fn no_picture_is_larger_than_the_terminal() {
        let mut many = state();
        for index in 0..50 {
            many.views.push(View {
                name: format!("Wave {index}"),
                ..state().views[index % 3].clone()
            });
        }
        for width in [20, 60, 80, 200] {
            for height in [4, 10, 24, 60] {
                let lines = frame(&many, width, height, at("2026-12-12T16:04:00Z"));
                assert!(lines.len() <= height, "{width}x{height}: {}", lines.len());
                for line in plain(&lines).lines() {
                    assert!(line.width() <= width, "{width}x{height}: {line}");
                }
            }
        }
    }
}
