//! Lists of any length, page by page or item by item.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;
use futures_util::stream::{self, TryStreamExt};
use reqwest::Url;

use crate::answers::answer::Answer;
use crate::answers::error::{Error, ErrorKind};
use crate::answers::judgement::{self, Failure};
use crate::answers::response::Response;
use crate::calls::listed::Listed;
use crate::calls::options::ListOptions;
use crate::client::Client;
use crate::models::generated::operations;
use crate::models::operation::Operation;
use crate::models::{
    CrossTenantMigrationJob, CrossTenantMigrationJobCollectionResponse, CrossTenantMigrationTask,
    CrossTenantMigrationTaskCollectionResponse,
};

/// One page of a list.
pub trait Page {
    /// What the page lists.
    type Item;

    /// The items, in the order of the service; there may be none on a page that is not the last.
    fn into_items(self) -> Vec<Self::Item>;

    /// The address of the next page, if there is one.
    fn next_link(&self) -> Option<&str>;
}

impl Page for CrossTenantMigrationJobCollectionResponse {
    type Item = CrossTenantMigrationJob;

    fn into_items(self) -> Vec<Self::Item> {
        self.value
    }

    fn next_link(&self) -> Option<&str> {
        self.odata_next_link.as_deref()
    }
}

impl Page for CrossTenantMigrationTaskCollectionResponse {
    type Item = CrossTenantMigrationTask;

    fn into_items(self) -> Vec<Self::Item> {
        self.value
    }

    fn next_link(&self) -> Option<&str> {
        self.odata_next_link.as_deref()
    }
}

/// The pages of a list, one after the other.
///
/// It is a [`Stream`] that needs no pinning.
#[must_use = "nothing is sent before it is polled"]
pub struct Pages<T>(Pin<Box<dyn Stream<Item = Result<Response<T>, Error>> + Send>>);

impl<T> Pages<T> {
    /// The next page, or none after the last.
    ///
    /// # Errors
    ///
    /// Any refusal, and everything that keeps an answer from coming; see [`Error`]. Nothing follows an
    /// error.
    pub async fn try_next(&mut self) -> Result<Option<Response<T>>, Error> {
        self.0.try_next().await
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<Response<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

/// The items of a list, one after the other, each with what had to be left out of it.
///
/// It is a [`Stream`] that needs no pinning.
#[must_use = "nothing is sent before it is polled"]
pub struct Items<T> {
    pages: ItemPages<T>,
    ready: vec::IntoIter<Listed<T>>,
}

type ItemPages<T> = Pin<Box<dyn Stream<Item = Result<Vec<Listed<T>>, Error>> + Send>>;

impl<T: Unpin> Items<T> {
    /// The next item, or none after the last.
    ///
    /// # Errors
    ///
    /// Any refusal, and everything that keeps an answer from coming; see [`Error`]. Nothing follows an
    /// error.
    pub async fn try_next(&mut self) -> Result<Option<Listed<T>>, Error> {
        TryStreamExt::try_next(self).await
    }
}

impl<T: Unpin> Stream for Items<T> {
    type Item = Result<Listed<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.ready.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.as_mut().poll_next(context)) {
                Some(Ok(items)) => self.ready = items.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

/// Lists that follow `@odata.nextLink` by themselves.
///
/// A link is followed as the service wrote it, down to the case of its percent-encoding, and only to the
/// origin that the client is set up for; only the apostrophe, and characters that do not belong into an
/// address, travel percent-encoded. Pages without items are passed over, and a list that leads back into
/// itself ends in an error, if only after some rounds. One page is held in memory.
///
/// A stream ends after its first error; to go on later, keep [`Page::next_link`] of the last page seen and
/// hand it to the method that ends in `_from`. The decoded `$skiptoken` of such a link can also be given
/// to [`ListOptions::skip_token`].
///
/// ```
/// # use msgraph_migrations::{Client, Error, ListOptions};
/// # async fn example(client: &Client) -> Result<(), Error> {
/// let mut jobs = client.jobs(ListOptions::new());
/// while let Some(job) = jobs.try_next().await? {
///     println!("{:?}: {:?}", job.display_name, job.status);
///     for deviation in job.deviations() {
///         println!("not understood: {deviation}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
impl Client {
    /// All jobs of the tenant, one after the other.
    pub fn jobs(&self, options: ListOptions) -> Items<CrossTenantMigrationJob> {
        items(self.job_pages(options))
    }

    /// All jobs of the tenant, page by page.
    pub fn job_pages(
        &self,
        options: ListOptions,
    ) -> Pages<CrossTenantMigrationJobCollectionResponse> {
        let client = self.clone();
        let start = async move { client.list_jobs(options).await };
        pages(
            self.clone(),
            &operations::LIST_JOBS,
            judge_jobs,
            Start::First(Box::pin(start)),
        )
    }

    /// The rest of the jobs, page by page, from a next link that was kept.
    pub fn job_pages_from(
        &self,
        next_link: &str,
    ) -> Pages<CrossTenantMigrationJobCollectionResponse> {
        pages(
            self.clone(),
            &operations::LIST_JOBS,
            judge_jobs,
            Start::Kept(next_link.to_owned()),
        )
    }

    /// All users of a job, one after the other.
    pub fn users(&self, job: &str, options: ListOptions) -> Items<CrossTenantMigrationTask> {
        items(self.user_pages(job, options))
    }

    /// All users of a job, page by page.
    pub fn user_pages(
        &self,
        job: &str,
        options: ListOptions,
    ) -> Pages<CrossTenantMigrationTaskCollectionResponse> {
        let (client, job) = (self.clone(), job.to_owned());
        let start = async move { client.list_users(&job, options).await };
        pages(
            self.clone(),
            &operations::LIST_USERS,
            judge_users,
            Start::First(Box::pin(start)),
        )
    }

    /// The rest of the users, page by page, from a next link that was kept.
    pub fn user_pages_from(
        &self,
        next_link: &str,
    ) -> Pages<CrossTenantMigrationTaskCollectionResponse> {
        pages(
            self.clone(),
            &operations::LIST_USERS,
            judge_users,
            Start::Kept(next_link.to_owned()),
        )
    }
}

type Judge<T> = fn(Answer) -> Result<Response<T>, Failure>;
type First<T> = std::pin::Pin<Box<dyn Future<Output = Result<Response<T>, Error>> + Send>>;

fn judge_jobs(
    answer: Answer,
) -> Result<Response<CrossTenantMigrationJobCollectionResponse>, Failure> {
    judgement::read_collection(answer)
}

fn judge_users(
    answer: Answer,
) -> Result<Response<CrossTenantMigrationTaskCollectionResponse>, Failure> {
    judgement::read_collection(answer)
}

enum Start<T> {
    First(First<T>),
    /// A link that the caller kept.
    Kept(String),
    /// A link of the page before, with the caller's id of the request that brought it.
    Next(String, String),
}

struct Walk<T> {
    client: Client,
    operation: &'static Operation,
    judge: Judge<T>,
    next: Option<Start<T>>,
    loops: LoopDetector,
}

fn pages<T: Page + Send + 'static>(
    client: Client,
    operation: &'static Operation,
    judge: Judge<T>,
    start: Start<T>,
) -> Pages<T> {
    let walk = Walk {
        client,
        operation,
        judge,
        next: Some(start),
        loops: LoopDetector::default(),
    };
    Pages(Box::pin(stream::try_unfold(
        walk,
        move |mut walk| async move {
            let page = match walk.next.take() {
                None => return Ok(None),
                Some(Start::First(first)) => first.await?,
                Some(Start::Kept(link)) => {
                    walk.follow(&link, |reason| {
                        Error::new(ErrorKind::InvalidRequest, reason).on(operation, "", None)
                    })
                    .await?
                }
                Some(Start::Next(link, brought_by)) => {
                    walk.follow(&link, |reason| {
                        Error::new(ErrorKind::Unreadable, reason).on(
                            operation,
                            "",
                            Some(&brought_by),
                        )
                    })
                    .await?
                }
            };
            let id = page.client_request_id();
            walk.next = page
                .value()
                .next_link()
                .map(|link| Start::Next(link.to_owned(), id.to_owned()));
            Ok(Some((page, walk)))
        },
    )))
}

fn items<T: Page + 'static>(pages: Pages<T>) -> Items<T::Item> {
    Items {
        pages: Box::pin(pages.map_ok(Response::into_listed)),
        ready: Vec::new().into_iter(),
    }
}

impl<T: Send + 'static> Walk<T> {
    async fn follow(
        &mut self,
        link: &str,
        refused: impl Fn(&str) -> Error,
    ) -> Result<Response<T>, Error> {
        let Ok(url) = Url::parse(link) else {
            return Err(refused("the next link is not an address"));
        };
        if !self.client.endpoint.is_origin_of(&url) {
            return Err(refused(
                "the next link leads to another origin; the token does not go there",
            ));
        }
        if self.loops.was_seen(link) {
            return Err(refused(
                "the next link was followed before; the list has no end",
            ));
        }
        self.client
            .call_at(
                self.operation,
                Some(&url),
                Ok(()),
                // Any list will do: the link has path and query, and replaces what is laid out here.
                |bare| async move { bare.list_jobs(None, None, None, None, None).await },
                self.judge,
            )
            .await
    }
}

/// Finds a cycle among links while holding one of them, by Brent's method.
#[derive(Default)]
struct LoopDetector {
    kept: Option<String>,
    steps: u64,
    keep_at: u64,
}

impl LoopDetector {
    fn was_seen(&mut self, link: &str) -> bool {
        if self.kept.as_deref() == Some(link) {
            return true;
        }
        if self.steps == self.keep_at {
            self.kept = Some(link.to_owned());
            self.keep_at = (self.keep_at * 2).max(1);
            self.steps = 0;
        }
        self.steps += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::LoopDetector;

    #[test]
    fn a_cycle_is_found_wherever_it_begins_and_however_long_it_is() {
        for (tail, cycle) in [(0, 1), (0, 2), (1, 1), (5, 3), (17, 40), (100, 7)] {
            let mut detector = LoopDetector::default();
            let link = |step: usize| {
                if step < tail {
                    step
                } else {
                    tail + (step - tail) % cycle
                }
            };
            let found = (0..10_000).position(|step| detector.was_seen(&link(step).to_string()));
            let found = found.unwrap_or_else(|| panic!("no cycle after {tail} of {cycle}"));
            assert!(
                found >= tail + cycle,
                "{tail}, {cycle}: {found} is before the first repetition"
            );
            assert!(
                found <= 4 * (tail + cycle) + 4,
                "{tail}, {cycle}: {found} is late"
            );
        }
    }

    #[test]
    fn links_that_never_repeat_are_no_cycle() {
        let mut detector = LoopDetector::default();
        assert!((0..100_000).all(|step| !detector.was_seen(&step.to_string())));
    }
}
