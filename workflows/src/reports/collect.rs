//! Reading all users of a job, each once, whatever goes wrong on the way.

use futures_util::TryStreamExt;
use futures_util::stream::{BoxStream, StreamExt};

use super::report::{Report, UserReport};
use super::unique::Unique;
use crate::Workflows;
use crate::reading::{Reading, read_job};
use crate::waiting::{PollBudget, WaitOptions, is_passing};
use msgraph_migrations::models::CrossTenantMigrationTaskCollectionResponse as Users;
use msgraph_migrations::{Client, Deviation, Error, ListOptions, Page, Response};

impl Workflows {
    /// Reads a job and all of its users, given by id or display name, and starts nothing.
    ///
    /// Readings that fail by passing trouble are repeated as `options` say. What cannot be read all the
    /// same is told in the report.
    ///
    /// # Errors
    ///
    /// When the job itself cannot be read.
    pub async fn report(&self, job: &str, options: &WaitOptions) -> Result<Report, Error> {
        let mut budget = PollBudget::new(options, options.ends_at());
        let state = loop {
            match read_job(self.client(), job)
                .await
                .and_then(Reading::present)
            {
                Ok(state) => break state,
                Err(error) => budget.tolerate(error)?,
            };
            budget.until_next().await;
        };
        let key = state.id.clone().filter(|id| !id.is_empty());
        let users = self
            .report_users(key.as_deref().unwrap_or(job), options)
            .await;
        Ok(Report {
            asked_for: job.to_owned(),
            job: Some(state),
            users,
        })
    }

    /// Reads all users of a job, and goes on after a failure from where it broke off.
    pub(crate) async fn report_users(&self, job: &str, options: &WaitOptions) -> UserReport {
        let mut reader = Reader {
            client: self.client(),
            job,
            page_size: options.page_size,
            next_link: None,
            users: Unique::default(),
            deviations: Vec::new(),
        };
        let mut budget = PollBudget::new(options, options.ends_at());
        let mut has_restarted = false;
        let failed = loop {
            let Err(error) = reader.read(&mut budget).await else {
                break None;
            };
            if !is_passing(&error) && reader.next_link.is_some() && !has_restarted {
                // A link to a page may have expired; from the first page on, nobody counts twice.
                has_restarted = true;
                reader.next_link = None;
                continue;
            }
            // Users are missing whichever comes first: the end of the budget, or of the time.
            if !(budget.tolerates(&error) && budget.until_next().await) {
                break Some(error.into());
            }
        };
        UserReport::of(reader.users, reader.deviations, failed)
    }
}

struct Reader<'a> {
    client: &'a Client,
    job: &'a str,
    page_size: Option<u16>,
    next_link: Option<String>,
    users: Unique,
    deviations: Vec<Deviation>,
}

type Pages = BoxStream<'static, Result<Response<Users>, Error>>;

impl Reader<'_> {
    async fn read(&mut self, budget: &mut PollBudget) -> Result<(), Error> {
        let mut pages: Pages = match &self.next_link {
            None => {
                let mut list = ListOptions::new();
                list.top = self.page_size;
                self.client.user_pages(self.job, list).boxed()
            }
            Some(link) => self.client.user_pages_from(link).boxed(),
        };
        while let Some(page) = pages.try_next().await? {
            self.deviations.extend_from_slice(page.deviations());
            let page = page.into_value();
            self.next_link = page.next_link().map(str::to_owned);
            for user in page.into_items() {
                self.users.add(user);
            }
            budget.succeeded(true);
            if self.next_link.is_none() {
                break;
            }
        }
        Ok(())
    }
}
