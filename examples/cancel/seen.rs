//! What a program learns from each kind of answer.

use msgraph_migrations::{
    CancelOutcome, Client, DeleteOutcome, Error, GetOptions, Response, StartOutcome,
};

/// One answer, as a row of the table shows it.
pub struct Seen {
    /// The status, unless no answer came.
    pub status: Option<u16>,
    /// The Rust value.
    pub answer: String,
    /// What the value tells.
    pub meaning: String,
}

impl Seen {
    fn new(status: u16, answer: &str, meaning: impl Into<String>) -> Self {
        Self {
            status: Some(status),
            answer: answer.to_owned(),
            meaning: meaning.into(),
        }
    }

    /// A cancellation of a job or a user, which takes its time.
    pub fn cancellation(result: Result<CancelOutcome, Error>) -> Self {
        match result {
            Ok(CancelOutcome::Accepted(answer)) => {
                let status = answer.value().status.as_deref().unwrap_or("no status");
                let meaning = format!("it is being cancelled: {status}");
                Self::new(answer.status().as_u16(), "CancelOutcome::Accepted", meaning)
            }
            Ok(refused) => Self::refused_cancellation(&refused),
            Err(error) => Self::error(&error),
        }
    }

    /// A cancellation of a SharePoint task, which is final at once.
    pub fn task_cancellation(result: Result<CancelOutcome, Error>) -> Self {
        match result {
            Ok(CancelOutcome::Accepted(answer)) => Self::new(
                answer.status().as_u16(),
                "CancelOutcome::Accepted",
                "it is cancelled",
            ),
            Ok(refused) => Self::refused_cancellation(&refused),
            Err(error) => Self::error(&error),
        }
    }

    fn refused_cancellation(outcome: &CancelOutcome) -> Self {
        let (answer, meaning) = match outcome {
            CancelOutcome::Accepted(_) => ("Accepted", "it is being cancelled".to_owned()),
            CancelOutcome::AlreadyBeingCancelled(_) => (
                "AlreadyBeingCancelled",
                "it is being cancelled already".to_owned(),
            ),
            CancelOutcome::AlreadyFinal { status, .. } => {
                ("AlreadyFinal", format!("it is over: {status}"))
            }
            CancelOutcome::TooLate { status, .. } => {
                ("TooLate", format!("the migration continues: {status}"))
            }
            CancelOutcome::Undetermined(_) => (
                "Undetermined",
                "whether it continues is not known".to_owned(),
            ),
        };
        Self {
            status: outcome.refusal().map(|refusal| refusal.status().as_u16()),
            answer: format!("CancelOutcome::{answer}"),
            meaning,
        }
    }

    /// The status of a job, to learn what became of a cancellation whose answer was lost.
    pub async fn read_back(client: &Client, job: &str) -> Self {
        Self::response(client.get_job(job, GetOptions::new()).await, |job| {
            let status = job
                .status
                .as_ref()
                .map_or("unknown", |status| status.as_str());
            format!("it is {status}")
        })
    }

    /// The start of a validation or a migration.
    pub fn start(result: Result<StartOutcome, Error>) -> Self {
        match result {
            Ok(StartOutcome::Started(answer)) => {
                let job = answer.value();
                let status = job.status.as_ref().map_or("unknown", |it| it.as_str());
                let meaning = format!("it has started, it is {status}");
                Self::new(answer.status().as_u16(), "StartOutcome::Started", meaning)
            }
            Ok(StartOutcome::InvalidStatus(refusal)) => {
                let status = refusal.current_status().unwrap_or("in another status");
                let meaning = format!("nothing has started, it is {status}");
                let code = refusal.status().as_u16();
                Self::new(code, "StartOutcome::InvalidStatus", meaning)
            }
            Ok(StartOutcome::ValidationExpired(refusal)) => Self::new(
                refusal.status().as_u16(),
                "StartOutcome::ValidationExpired",
                "nothing has started, it was validated too long ago",
            ),
            Ok(StartOutcome::Undetermined(refusal)) => Self::new(
                refusal.status().as_u16(),
                "StartOutcome::Undetermined",
                "nothing has started",
            ),
            Err(error) => Self::error(&error),
        }
    }

    /// The deletion of a job.
    pub fn deletion(result: Result<DeleteOutcome, Error>) -> Self {
        match result {
            Ok(DeleteOutcome::Accepted(answer)) => Self::new(
                answer.status().as_u16(),
                "DeleteOutcome::Accepted",
                "it will be deleted",
            ),
            Ok(DeleteOutcome::NotFinal(refusal)) => Self::new(
                refusal.status().as_u16(),
                "DeleteOutcome::NotFinal",
                "it stays, it has not ended yet",
            ),
            Err(error) => Self::error(&error),
        }
    }

    /// A call with one legitimate answer.
    pub fn response<T>(
        result: Result<Response<T>, Error>,
        meaning: impl FnOnce(&T) -> String,
    ) -> Self {
        match result {
            Ok(answer) => Self::new(
                answer.status().as_u16(),
                "Response",
                meaning(answer.value()),
            ),
            Err(error) => Self::error(&error),
        }
    }

    fn error(error: &Error) -> Self {
        let effect = match (error.was_sent(), error.may_have_taken_effect()) {
            (false, _) => "nothing was sent",
            (true, false) => "it was not carried out",
            (true, true) => "it may have taken effect",
        };
        let codes: Vec<_> = error
            .refusal()
            .into_iter()
            .flat_map(|refusal| refusal.error().codes())
            .collect();
        let meaning = if codes.is_empty() {
            effect.to_owned()
        } else {
            format!("{effect}: {}", codes.join("/"))
        };
        Self {
            status: error.status().map(|status| status.as_u16()),
            answer: format!("Error, ErrorKind::{:?}", error.kind()),
            meaning,
        }
    }
}
