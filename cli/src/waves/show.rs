//! How a plan is shown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::plan::{Act, Change, Remark};
use super::plan_file::Plan;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Row};

/// Shows a plan, and says how it would end.
pub fn plan(plan: &Plan, output: &mut Output) -> Result<Exit, Failure> {
    let wanted = &plan.wanted;
    output.say(&format!("{} at {}:", wanted.wave, plan.service));
    let difference = &plan.difference;
    let rows: Vec<Row> = difference
        .changes
        .iter()
        .map(|change| change_row(plan, change))
        .chain(remark_rows("blocked", "! blocked", &difference.blocked))
        .chain(remark_rows(
            "attention",
            "! attention",
            &difference.attention,
        ))
        .collect();
    output.rows(&rows, "Nothing to do: the tenant is as the file says.")?;
    output.say(&summary(plan));
    Ok(if !difference.blocked.is_empty() {
        Exit::Refused
    } else if difference.changes.is_empty() {
        Exit::Done
    } else {
        Exit::Changes
    })
}

/// The same before something else is the result, which programs read as one list.
pub fn plan_before_results(shown: &Plan, output: &mut Output) -> Result<(), Failure> {
    if output.is_table() {
        return plan(shown, output).map(drop);
    }
    let difference = &shown.difference;
    output.say(&format!("{} at {}:", shown.wanted.wave, shown.service));
    for change in &difference.changes {
        let act = change.act.as_str();
        output.say(&format!("  {act} {}: {}", change.name, change.detail));
    }
    for (word, remarks) in [
        ("blocked", &difference.blocked),
        ("attention", &difference.attention),
    ] {
        for remark in remarks {
            output.say(&format!("  {word} {}: {}", remark.name, remark.detail));
        }
    }
    output.say(&summary(shown));
    Ok(())
}

/// The counts.
pub fn summary(plan: &Plan) -> String {
    let difference = &plan.difference;
    let mut parts = Vec::new();
    for act in [
        Act::Create,
        Act::Postpone,
        Act::Validate,
        Act::Map,
        Act::Unmap,
        Act::Migrate,
    ] {
        let of = difference.changes.iter().filter(|change| change.act == act);
        let count = of.count();
        if count > 0 {
            parts.push(format!("{count} to {}", act.as_str()));
        }
    }
    let total = match difference.changes.len() {
        0 => "No change".to_owned(),
        1 => format!("1 change: {}", parts.join(", ")),
        count => format!("{count} changes: {}", parts.join(", ")),
    };
    let mut text = format!("{total}; {} as they should be", difference.unchanged);
    for (count, what) in [
        (difference.blocked.len(), "BLOCKED"),
        (difference.attention.len(), "to look at"),
    ] {
        if count > 0 {
            let _ = write!(text, "; {count} {what}");
        }
    }
    text.push('.');
    text
}

fn change_row(plan: &Plan, change: &Change) -> Row {
    let sign = match change.act {
        Act::Map if change.detail.contains(" -> ") => "~",
        Act::Create | Act::Map => "+",
        Act::Postpone => "~",
        Act::Unmap => "-",
        Act::Validate | Act::Migrate => ">",
    };
    let name = change.act.as_str();
    Row::new()
        .shown_as("change", name, format!("{sign} {name}"))
        .with("name", change.name.as_str())
        .with("detail", change.detail.as_str())
        .beside("retry", change.is_retry)
        .beside("before", before(plan, change))
        .beside("after", after(plan, change))
}

fn before(plan: &Plan, change: &Change) -> Value {
    match change.act {
        Act::Map | Act::Unmap => {
            let mapping = &plan.wanted.mappings[change.index];
            let key = super::seen::mapping_key(mapping.side, &mapping.source);
            json!(plan.seen.mappings.get(&key))
        }
        _ => match plan.seen.jobs.get(&change.name) {
            Some(job) => json!({
                "id": job.id,
                "status": job.status,
                "completeAfter": job.complete_after,
                "users": job.users.len(),
            }),
            None => Value::Null,
        },
    }
}

fn after(plan: &Plan, change: &Change) -> Value {
    match change.act {
        Act::Unmap => Value::Null,
        Act::Map => json!(plan.wanted.mappings[change.index]),
        Act::Create => {
            let job = &plan.wanted.jobs[change.index];
            json!({
                "completeAfter": job.complete_after,
                "workloads": job.workloads,
                "exchange": job.exchange,
                "sourceTenant": plan.wanted.source_tenant,
                "targetTenant": plan.wanted.target_tenant,
                "users": job.users.iter().map(|user| json!({ "id": user.id, "name": user.name })).collect::<Vec<_>>(),
            })
        }
        Act::Postpone | Act::Validate | Act::Migrate => {
            let job = &plan.wanted.jobs[change.index];
            json!({ "completeAfter": job.complete_after, "until": job.until })
        }
    }
}

fn remark_rows<'a>(
    word: &'static str,
    cell: &'static str,
    remarks: &'a [Remark],
) -> impl Iterator<Item = Row> + 'a {
    remarks.iter().map(move |remark| {
        Row::new()
            .shown_as("change", word, cell.to_owned())
            .with("name", remark.name.as_str())
            .with("detail", remark.detail.as_str())
            .beside("retry", false)
            .beside("before", Value::Null)
            .beside("after", Value::Null)
    })
}
