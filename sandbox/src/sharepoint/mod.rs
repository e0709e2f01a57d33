//! SharePoint tasks and the identity maps they rely on; beta only.

pub(crate) mod mappings;
pub(crate) mod parameters;
pub(crate) mod tasks;

use crate::answer::{Answer, GraphError};
use crate::jobs::api::text;
use crate::route::Resource;
use crate::service::{Call, Prepared, State};

/// The path of the family, as it stands in contexts.
pub(crate) const ROOT: &str = "solutions/sharePoint/migrations";

/// Lets a request on this family take effect.
pub(crate) fn perform(
    state: &mut State,
    call: &Call<'_>,
    prepared: &Prepared,
) -> Result<Answer, GraphError> {
    match &prepared.resource {
        Resource::Tasks => tasks::create(state, call),
        Resource::TasksCount => Ok(text(state.tasks.len())),
        Resource::Task(id) => tasks::get(state, call, id),
        Resource::TaskCancel(id) => tasks::cancel(state, call, id),
        Resource::TaskBySource(source, key) => tasks::get_by_source(state, call, *source, key),
        Resource::Mappings(kind) => mappings::update(state, call, *kind),
        Resource::MappingsCount(kind) => Ok(text(state.mappings.len(*kind))),
        Resource::Mapping(kind, key) => mappings::get(state, call, *kind, key),
        _ => Err(GraphError::not_found("There is no such resource.")),
    }
}
