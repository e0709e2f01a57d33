//! Answers a batch: each of its requests for itself, with its own faults, limits and entry in the log.

use std::time::{Duration, Instant};

use serde_json::json;

use super::delivery::{Delivery, Ending, distort, refusal};
use super::{About, Engine, Entries, Manners, plain_answer, prefers_unknown_members};
use crate::answer::Answer;
use crate::call::Request;
use crate::dispatch::batch::{self, Item};
use crate::dispatch::{self, Prepared};

impl Engine {
    pub(super) fn handle_batch(
        &mut self,
        request: &Request,
        manners: Manners,
        prepared: &Prepared,
        real: Instant,
    ) -> Delivery {
        let now = self.settle();
        let ids = self.ids(&manners);
        let operation = Some(prepared.operation);
        // Rules have to name the batch itself; those for every operation count its requests.
        let faults = self.faults.decide(prepared.operation, &[], None, now);
        let mut delivery = Delivery {
            payload: None,
            answer: Answer::empty(200),
            ids,
            ending: Ending::Whole,
            latency: Duration::ZERO,
            preference_applied: false,
            entries: Vec::new(),
        };
        let result = match faults.iter().find(|fault| fault.prevents_effect()) {
            Some(fault) => Err(refusal(fault)),
            None => self
                .admit(request, &manners, operation, now)
                .and_then(|()| prepared.check())
                .and_then(|()| batch::read(request, prepared.version)),
        };
        delivery.answer = match result {
            Ok(items) => self.answer_items(items, &manners, &mut delivery, real),
            Err(error) => error.into_answer(&delivery.ids, now),
        };
        for fault in &faults {
            distort(&mut delivery, fault, operation, now);
        }
        let names = faults.iter().map(|fault| fault.name().to_owned()).collect();
        let about = About::new(Some(prepared));
        self.finish(&mut delivery, request, manners, about, None, names, now);
        delivery
    }

    /// Answers the requests one after the other; what befalls a connection befalls that of the batch.
    fn answer_items(
        &mut self,
        items: Vec<Item>,
        outer: &Manners,
        whole: &mut Delivery,
        real: Instant,
    ) -> Answer {
        let mut statuses: Vec<u16> = Vec::with_capacity(items.len());
        let mut responses = Vec::with_capacity(items.len());
        let mut entries: Entries = Vec::new();
        for item in items {
            let header = |wanted: &str| {
                let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case(wanted);
                item.headers
                    .iter()
                    .find(named)
                    .map(|(_, value)| value.as_str())
            };
            let manners = Manners {
                client_request_id: header("client-request-id")
                    .map(str::to_owned)
                    .or_else(|| outer.client_request_id.clone()),
                prefers_unknown_members: prefers_unknown_members(header("prefer").into_iter()),
                is_oversized: false,
                target: item.target.clone(),
                headers: item.headers.clone(),
                batch: Some(whole.ids.request.clone()),
            };
            let has_failed =
                |position: &usize| statuses.get(*position).is_none_or(|status| *status >= 400);
            let untried = item
                .depends_on
                .iter()
                .any(has_failed)
                .then(batch::failed_dependency);
            let prepared = dispatch::prepare(&self.state, &item.request);
            let delivery = self.handle_one(&item.request, manners, prepared, untried, real);
            whole.ending = whole.ending.max(delivery.ending);
            whole.latency = whole.latency.max(delivery.latency);
            statuses.push(delivery.answer.status);
            let ids = [
                ("request-id", delivery.ids.request.as_str()),
                ("client-request-id", delivery.ids.client_request.as_str()),
            ];
            responses.push(batch::response(&item.id, &delivery.answer, &ids));
            entries.extend(delivery.entries);
        }
        whole.entries = entries;
        // The documents promise no order, and a client that relies on one should learn it here.
        self.batches.shuffle(&mut responses);
        plain_answer(json!({ "responses": responses }))
    }
}
