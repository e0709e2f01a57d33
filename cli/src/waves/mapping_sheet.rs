//! The CSV files of mappings.

use std::collections::HashMap;
use std::path::Path;

use msgraph_migrations::models::{
    SharePointIdentityMappingGroupType as GroupType, SharePointIdentityMappingUserType as UserType,
};

use super::mistakes::Mistakes;
use super::people::is_object_id;
use super::sheet::Sheet;
use super::wanted::{Mapping, Side};

/// Reads the mappings; lines that cannot be used are mistakes.
pub fn read(text: &str, file: &Path, side: Side, mistakes: &mut Mistakes) -> Vec<Mapping> {
    let sheet = Sheet::read(text, file, mistakes);
    let Some(source) = sheet.needed("source", file, mistakes) else {
        return Vec::new();
    };
    let (address, kinds) = match side {
        Side::User => ("email", kinds(UserType::DOCUMENTED)),
        Side::Group => ("mailNickname", kinds(GroupType::DOCUMENTED)),
    };
    let mut mappings = Vec::new();
    let mut lines: HashMap<String, usize> = HashMap::new();
    for line in sheet.lines().filter(|line| !line.is_empty()) {
        let at = (line.number, 0);
        let Some(source) = line.cell(Some(source)) else {
            mistakes.add(file, at, "no source is named");
            continue;
        };
        if let Some(before) = lines.insert(source.to_lowercase(), line.number) {
            mistakes.add(file, at, format!("{source} is in line {before} already"));
            continue;
        }
        let is_removed = match line.named("remove").map(str::to_lowercase).as_deref() {
            None | Some("false" | "no" | "0") => false,
            Some("true" | "yes" | "1") => true,
            Some(other) => {
                let reason = format!("{other} in the column remove is neither yes nor no");
                mistakes.add(file, at, reason);
                continue;
            }
        };
        let target = line.named("target");
        for (name, text) in [("source", Some(source)), ("target", target)] {
            let Some(text) = text else { continue };
            let reason = match side {
                Side::User if !text.contains('@') => {
                    format!("the {name} {text} is no user principal name")
                }
                Side::Group if !is_object_id(text) => {
                    format!("the {name} {text} is no object id of a group (a GUID)")
                }
                _ => continue,
            };
            mistakes.add(file, at, reason);
        }
        let kind = line.named("kind");
        if let Some(kind) = kind.filter(|kind| !kinds.iter().any(|known| known == kind)) {
            let reason = format!("{kind} is no kind; there are {}", kinds.join(", "));
            mistakes.add(file, at, reason);
        }
        match (is_removed, target) {
            (false, None) => mistakes.add(file, at, "no target is named"),
            (true, Some(_)) => {
                let reason = "a mapping that is removed has no target";
                mistakes.add(file, at, reason);
            }
            (_, target) => mappings.push(Mapping {
                side,
                source: source.to_owned(),
                target: target.map(str::to_owned),
                kind: kind.map(str::to_owned),
                address: line.named(address).map(str::to_owned),
            }),
        }
    }
    mappings
}

/// The kinds that the documents name, but the one that stands for those to come.
fn kinds<T: ToString>(documented: &[T]) -> Vec<String> {
    let kinds = documented.iter().map(ToString::to_string);
    kinds.filter(|kind| kind != "unknownFutureValue").collect()
}
