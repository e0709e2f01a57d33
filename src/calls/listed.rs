//! An item of a list, and what had to be left out of it.

use std::ops::Deref;

use crate::answers::response::Response;
use crate::calls::paging::Page;
use crate::models::tolerant::Deviation;

/// One item of a list.
///
/// It is used like the item itself. Where the service wrote a part of it otherwise than documented, the part
/// is absent from the item and named in [`deviations`](Self::deviations): a user whose statuses could not be
/// read looks like one without any trouble, and whoever counts those has to ask. An item that is no object at
/// all has no property and one deviation; it is never passed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    item: T,
    deviations: Vec<Deviation>,
}

impl<T> Listed<T> {
    /// The item alone.
    pub fn into_value(self) -> T {
        self.item
    }

    /// The parts that contradicted the documents and were left out of the item; normally none.
    ///
    /// The pointers begin at the item.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }
}

impl<T> Deref for Listed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<P: Page> Response<P> {
    /// The items of the page, each with what had to be left out of it.
    ///
    /// What is odd outside of the items, such as the total number, is told by
    /// [`deviations`](Self::deviations) alone.
    pub fn into_listed(self) -> Vec<Listed<P::Item>> {
        let odd: Vec<_> = self
            .deviations()
            .iter()
            .filter_map(|deviation| {
                let (index, rest) = of_item(&deviation.pointer)?;
                let pointer = rest.to_owned();
                let reason = deviation.reason.clone();
                Some((index, Deviation { pointer, reason }))
            })
            .collect();
        let mut listed: Vec<_> = self
            .into_value()
            .into_items()
            .into_iter()
            .map(|item| Listed {
                item,
                deviations: Vec::new(),
            })
            .collect();
        for (index, deviation) in odd {
            if let Some(item) = listed.get_mut(index) {
                item.deviations.push(deviation);
            }
        }
        listed
    }
}

/// Splits a pointer into an item of `value` into its index and the rest.
fn of_item(pointer: &str) -> Option<(usize, &str)> {
    let below = pointer.strip_prefix("/value/")?;
    let (index, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
    Some((index.parse().ok()?, rest))
}
