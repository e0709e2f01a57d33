//! What is done, for a run that is interrupted and taken up again.

use std::collections::HashSet;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The version of the file's format that is written.
const VERSION: u32 = 1;
const FORMAT: &str = "msgraph-migrations record";
/// How the file of every version begins.
const BEGINNING: &[u8] = br#"{"format":"msgraph-migrations record","#;
/// No file's first line is longer.
const MAX_HEADER: u64 = 64 * 1024;

/// What the service has confirmed, across any number of runs and processes.
///
/// It is filled while a run goes on, before an item is handed over. It knows for which service and
/// tenant it is, and of each item the action and the job: a record of a rehearsal cannot make
/// production do nothing. Clones share their content.
///
/// In a file it is one line of JSON about itself, and one per item. Lines are only added, and each is
/// handed to the system before its item is handed over, so that a process that is killed loses none.
/// A power cut may take the latest lines, or a part of one, unless they were
/// [forced to the disk](Self::sync_each): the items are then asked for again, which does no harm. A last
/// line that was cut off is removed when the file is opened again, and [`cut_off`](Self::cut_off) tells.
/// The file is locked while a record holds it, so that two processes cannot both write it. Keep it as
/// safe as the list itself, because it names users.
///
/// Only what is as it was asked to be is in it. A request whose answer was lost is not, even when it
/// took effect; the next run then finds that out. In memory an item takes some forty bytes, however
/// long its name is: 128 bits of a digest, and the room around them.
///
/// ```no_run
/// use msgraph_migrations::Client;
/// use msgraph_migrations_workflows::bulk::{BulkOptions, Record, RecordError};
///
/// # fn example(client: &Client) -> Result<(), RecordError> {
/// let tenant = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";
/// let record = Record::open("weekend.jsonl", client.endpoint(), tenant)?;
/// let options = BulkOptions::new().record(&record);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Record(Arc<Inner>);

struct Inner {
    service: String,
    tenant: String,
    /// How many bytes of an unfinished line were removed.
    cut_off: u64,
    content: Mutex<Content>,
}

struct Content {
    /// Digests of what is done.
    done: HashSet<u128>,
    file: Option<(File, PathBuf)>,
    is_synced_each: bool,
}

/// Why a record cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordError {
    /// The file cannot be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process, or another record of this one, holds the file.
    InUse(PathBuf),
    /// The file is no record.
    NotARecord(PathBuf),
    /// The record was written by another version of this crate, which is newer.
    Version {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        found: u32,
    },
    /// A line in the middle of the file cannot be read.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
    /// The record is for something else than the run.
    Mismatch {
        /// What differs: `service` or `tenant`.
        what: &'static str,
        /// What the run is about.
        expected: String,
        /// What the record is for.
        found: String,
    },
}

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    service: String,
    tenant: String,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    action: std::borrow::Cow<'a, str>,
    job: std::borrow::Cow<'a, str>,
    item: std::borrow::Cow<'a, str>,
}

impl Record {
    /// A record that is kept in memory only, for a service and a target tenant.
    #[must_use]
    pub fn in_memory(service: &str, tenant: &str) -> Self {
        Self::new(service, tenant, HashSet::new(), None, 0)
    }

    /// Opens the record in a file, or begins one, for a service and a target tenant.
    ///
    /// # Errors
    ///
    /// When the file cannot be used, is held by another, or is a record for another service or tenant.
    pub fn open(path: impl AsRef<Path>, service: &str, tenant: &str) -> Result<Self, RecordError> {
        let path = path.as_ref().to_owned();
        let failed = |source| RecordError::Io {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(RecordError::NotARecord(path));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RecordError::InUse(path)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Before anything of it is changed: somebody may have named the wrong file.
        let whole = length_of_whole_lines(&mut file).map_err(failed)?;
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        if whole == 0 && length > 0 && !is_torn_header(&mut file).map_err(failed)? {
            return Err(RecordError::NotARecord(path));
        }
        let (header, done) = read(&mut file, whole, &path)?;
        if let Some(header) = &header {
            expect("service", service, &header.service)?;
            expect("tenant", tenant, &header.tenant)?;
        }
        if whole < length {
            file.set_len(whole).map_err(failed)?;
        }
        if header.is_none() {
            let header = Header {
                format: FORMAT.to_owned(),
                version: VERSION,
                service: service.to_owned(),
                tenant: tenant.to_owned(),
            };
            write_line(&mut file, &header).map_err(failed)?;
        }
        Ok(Self::new(
            service,
            tenant,
            done,
            Some((file, path)),
            length - whole,
        ))
    }

    fn new(
        service: &str,
        tenant: &str,
        done: HashSet<u128>,
        file: Option<(File, PathBuf)>,
        cut_off: u64,
    ) -> Self {
        Self(Arc::new(Inner {
            service: service.to_owned(),
            tenant: tenant.to_owned(),
            cut_off,
            content: Mutex::new(Content {
                done,
                file,
                is_synced_each: false,
            }),
        }))
    }

    /// Forces each line to the disk before its item is handed over, so that a power cut loses none.
    ///
    /// That takes some milliseconds for each item, in which the thread waits. Without it the lines are
    /// forced to the disk by [`sync`](Self::sync), which a run does when it ends.
    #[must_use]
    pub fn sync_each(self) -> Self {
        self.lock().is_synced_each = true;
        self
    }

    /// Forces all lines to the disk; nothing to do for one that is kept in memory.
    ///
    /// # Errors
    ///
    /// When the system cannot.
    pub fn sync(&self) -> Result<(), RecordError> {
        match &self.lock().file {
            None => Ok(()),
            Some((file, path)) => file.sync_data().map_err(|source| RecordError::Io {
                path: path.clone(),
                source,
            }),
        }
    }

    /// How many bytes of a last line that was cut off were removed when the file was opened; 0 if it
    /// was whole.
    #[must_use]
    pub fn cut_off(&self) -> u64 {
        self.0.cut_off
    }

    /// The service it is for.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// The target tenant it is for.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// How many items are done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().done.len()
    }

    /// Whether nothing is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an action, named by its operation id, is done for an item of a job, given by its id.
    ///
    /// `job` is empty for what is not about the users of a job.
    #[must_use]
    pub fn contains(&self, action: &str, job: &str, item: &str) -> bool {
        self.lock().done.contains(&digest((action, job, item)))
    }

    /// Says that the action is done for an item, and has it written before it returns.
    pub(crate) fn add(&self, action: &str, job: &str, item: &str) -> Result<(), RecordError> {
        let mut content = self.lock();
        let digest = digest((action, job, item));
        if content.done.contains(&digest) {
            return Ok(());
        }
        let is_synced = content.is_synced_each;
        if let Some((file, path)) = &mut content.file {
            let line = Line {
                action: action.into(),
                job: job.into(),
                item: item.into(),
            };
            write_line(file, &line)
                .and_then(|()| if is_synced { file.sync_data() } else { Ok(()) })
                .map_err(|source| RecordError::Io {
                    path: path.clone(),
                    source,
                })?;
        }
        // Only now: what could not be written is not done for another run either.
        content.done.insert(digest);
        Ok(())
    }

    /// Checks that it is for this service, and for this tenant if it is known.
    pub(crate) fn check(&self, service: &str, tenant: Option<&str>) -> Result<(), RecordError> {
        expect("service", service, &self.0.service)?;
        match tenant {
            Some(tenant) => expect("tenant", tenant, &self.0.tenant),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        // Each change is a single insertion, so that a panic elsewhere leaves nothing half done.
        self.0
            .content
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn expect(what: &'static str, expected: &str, found: &str) -> Result<(), RecordError> {
    if expected.eq_ignore_ascii_case(found) {
        return Ok(());
    }
    Err(RecordError::Mismatch {
        what,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// Something by 128 bits, so that it need not be kept.
pub(super) fn digest(of: impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        of.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Up to where lines are whole; what stands behind is one that a killed process did not finish.
fn length_of_whole_lines(file: &mut File) -> io::Result<u64> {
    const STEP: u64 = 4096;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        Read::by_ref(file)
            .take(end - start)
            .read_to_end(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(at).unwrap_or(0) + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Whether a file without a whole line is a record whose first line was not finished; a power cut may leave zeros.
fn is_torn_header(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    let length = file.take(MAX_HEADER).read_to_end(&mut bytes)?;
    let end = bytes.iter().rposition(|byte| *byte != 0);
    bytes.truncate(end.map_or(0, |at| at + 1));
    let is_short = u64::try_from(length).unwrap_or(u64::MAX) < MAX_HEADER;
    Ok(is_short && (BEGINNING.starts_with(&bytes) || bytes.starts_with(BEGINNING)))
}

/// Reads the lines of so many bytes.
fn read(
    file: &mut File,
    length: u64,
    path: &Path,
) -> Result<(Option<Header>, HashSet<u128>), RecordError> {
    let mut done = HashSet::new();
    let mut header = None;
    let failed = |source| RecordError::Io {
        path: path.to_owned(),
        source,
    };
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    for (index, line) in BufReader::new(file.take(length)).lines().enumerate() {
        let line = line.map_err(failed)?;
        if index == 0 {
            header = Some(read_header(&line, path)?);
            continue;
        }
        let line: Line<'_> = serde_json::from_str(&line).map_err(|_| RecordError::Corrupt {
            path: path.to_owned(),
            line: index + 1,
        })?;
        done.insert(digest((&*line.action, &*line.job, &*line.item)));
    }
    Ok((header, done))
}

fn read_header(line: &str, path: &Path) -> Result<Header, RecordError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: String,
        version: u32,
    }
    let not_a_record = || RecordError::NotARecord(path.to_owned());
    let versioned: Versioned = serde_json::from_str(line).map_err(|_| not_a_record())?;
    if versioned.format != FORMAT {
        return Err(not_a_record());
    }
    if versioned.version != VERSION {
        return Err(RecordError::Version {
            path: path.to_owned(),
            found: versioned.version,
        });
    }
    serde_json::from_str(line).map_err(|_| not_a_record())
}

/// In one call, so that no other line can come between; what is written in part is taken back.
fn write_line(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    let before = file.metadata()?.len();
    file.write_all(&bytes).inspect_err(|_| {
        // A disk that is full takes a part of a line, behind which no other may come.
        let _ = file.set_len(before);
    })
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, .. } => write!(f, "can't read or write the record {}", path.display()),
            Self::InUse(path) => write!(
                f,
                "the record {} is in use; two runs cannot share one",
                path.display()
            ),
            Self::NotARecord(path) => write!(f, "{} is no record", path.display()),
            Self::Version { path, found } => write!(
                f,
                "the record {} has version {found} of its format, and this crate reads {VERSION}",
                path.display()
            ),
            Self::Corrupt { path, line } => write!(
                f,
                "line {line} of the record {} cannot be read",
                path.display()
            ),
            Self::Mismatch {
                what,
                expected,
                found,
            } => write!(
                f,
                "the record is for the {what} {found}, and the run is for {expected}"
            ),
        }
    }
}

impl std::error::Error for RecordError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Leaves out the items, which may name people.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("service", &self.0.service)
            .field("tenant", &self.0.tenant)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
