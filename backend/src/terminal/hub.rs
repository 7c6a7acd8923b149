//! All terminals of this server: a bounded table, its clean-up and its end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use socketioxide::socket::Sid;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::protocol::{CloseReason, ErrorCode, Listed, Size, TerminalError};
use super::pty::{Pty, Started, lock};
use super::session::Session;
use super::{pump, shell::Shell};

/// Longest time between two looks for terminals that nobody came back to.
const REAP_EVERY: Duration = Duration::from_secs(30);

/// What terminals there may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most terminals that run at the same time.
    pub terminals: usize,
    /// Most bytes of output kept per terminal for those who attach later.
    pub scrollback: usize,
    /// How long a terminal lives on when nobody watches it.
    pub orphan_timeout: Duration,
}

/// The table of terminals. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shell: Shell,
    limits: Limits,
    /// One permit per running process.
    room: Arc<Semaphore>,
    /// Running terminals, and ended ones that nobody has seen the end of.
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    stopping: AtomicBool,
}

/// A terminal whose output is not yet being read; [`Hub::run`] starts that.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) session: Arc<Session>,
    output: mpsc::Receiver<Vec<u8>>,
    exit: oneshot::Receiver<i32>,
    room: OwnedSemaphorePermit,
}

impl Hub {
    /// An empty table. Starts a task that ends abandoned terminals, so this needs a running tokio runtime.
    pub fn new(shell: Shell, limits: Limits) -> Self {
        let inner = Arc::new(Inner {
            shell,
            room: Arc::new(Semaphore::new(limits.terminals)),
            limits,
            sessions: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        tokio::spawn(reap_orphans(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Starts a terminal.
    pub(crate) async fn open(&self, size: Size) -> Result<Opened, TerminalError> {
        let inner = &self.inner;
        self.refuse_when_stopping()?;
        let room = Arc::clone(&inner.room).try_acquire_owned().map_err(|_| {
            TerminalError::new(
                ErrorCode::TableFull,
                format!(
                    "{} terminals are open, which is the most allowed; close one, or raise AETHERTERM_MAX_TERMINALS",
                    inner.limits.terminals
                ),
            )
        })?;
        let shell = inner.shell.clone();
        let started = tokio::task::spawn_blocking(move || Pty::start(&shell, size)).await;
        let Started { pty, output, exit } = started.map_err(|error| {
            TerminalError::new(
                ErrorCode::System,
                format!("starting the shell failed: {error}"),
            )
        })??;
        let session = Arc::new(Session::new(
            new_id()?,
            inner.shell.title(),
            pty,
            size,
            inner.limits.scrollback,
        ));
        tracing::info!(
            shell = inner.shell.title(),
            cols = size.cols,
            rows = size.rows,
            "terminal opened"
        );
        lock(&inner.sessions).insert(session.id().to_owned(), Arc::clone(&session));
        let opened = Opened {
            session,
            output,
            exit,
            room,
        };
        if let Err(error) = self.refuse_when_stopping() {
            // The server began to go down meanwhile and may have missed this one.
            opened.session.kill();
            self.run(opened);
            return Err(error);
        }
        Ok(opened)
    }

    fn refuse_when_stopping(&self) -> Result<(), TerminalError> {
        if self.inner.stopping.load(Ordering::SeqCst) {
            return Err(TerminalError::new(
                ErrorCode::ShuttingDown,
                "the server is going down",
            ));
        }
        Ok(())
    }

    /// Serves a terminal until it has ended.
    pub(crate) fn run(&self, opened: Opened) {
        let hub = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let Opened {
                session,
                output,
                exit,
                room,
            } = opened;
            let farewell = pump::run(&session, output, exit).await;
            drop(room);
            if let Some(inner) = hub.upgrade() {
                // A terminal whose end nobody has seen stays, so that whoever comes back sees its last output.
                if farewell.has_listeners() || farewell.reason != CloseReason::Exit {
                    lock(&inner.sessions).remove(session.id());
                } else {
                    inner.drop_excess();
                }
            }
            pump::say_farewell(farewell).await;
            session.finished();
        });
    }

    /// The terminal with this id.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<Session>, TerminalError> {
        let found = lock(&self.inner.sessions).get(id).cloned();
        found.ok_or_else(|| TerminalError::unknown_terminal(id))
    }

    /// Forgets an ended terminal whose end has been seen.
    pub(crate) fn forget(&self, session: &Session) {
        lock(&self.inner.sessions).remove(session.id());
    }

    /// All terminals, oldest first.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let mut list: Vec<Listed> = lock(&self.inner.sessions)
            .values()
            .map(|session| session.listed())
            .collect();
        list.sort_by(|a, b| {
            (a.created_at, &a.terminal.terminal_id).cmp(&(b.created_at, &b.terminal.terminal_id))
        });
        list
    }

    /// Forgets a socket that has gone.
    pub(crate) fn detach(&self, socket: Sid) {
        for session in self.inner.all() {
            session.detach(socket);
        }
    }

    /// How many processes run.
    pub fn running(&self) -> usize {
        self.inner
            .limits
            .terminals
            .saturating_sub(self.inner.room.available_permits())
    }

    /// Ends every terminal and tells everybody who watches. Opens no more. Takes at most `limit`; what has not ended
    /// by then is killed when the process ends, because its terminal closes with it.
    pub async fn shut_down(&self, limit: Duration) {
        self.inner.stopping.store(true, Ordering::SeqCst);
        let mut closing = tokio::task::JoinSet::new();
        for session in self.inner.all() {
            closing.spawn(async move { session.close(CloseReason::Shutdown).await });
        }
        if timeout(limit, closing.join_all()).await.is_err() {
            tracing::warn!(left = self.running(), "some terminals did not end in time");
        }
    }
}

impl Inner {
    fn all(&self) -> Vec<Arc<Session>> {
        lock(&self.sessions).values().cloned().collect()
    }

    /// Drops the oldest ended terminals when there are more of them than terminals are allowed.
    fn drop_excess(&self) {
        let mut sessions = lock(&self.sessions);
        let mut ended: Vec<Listed> = sessions
            .values()
            .map(|session| session.listed())
            .filter(|listed| !listed.alive)
            .collect();
        ended.sort_by_key(|listed| listed.created_at);
        let excess = ended.len().saturating_sub(self.limits.terminals);
        for listed in ended.into_iter().take(excess) {
            sessions.remove(&listed.terminal.terminal_id);
        }
    }
}

/// Ends terminals that nobody came back to, for as long as the table exists.
async fn reap_orphans(inner: Weak<Inner>) {
    let Some(limit) = inner.upgrade().map(|inner| inner.limits.orphan_timeout) else {
        return;
    };
    let mut ticks = interval((limit / 4).clamp(Duration::from_millis(10), REAP_EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        for session in inner.all() {
            if !session.orphaned_for(limit) {
                continue;
            }
            if session.has_exited() {
                lock(&inner.sessions).remove(session.id());
            } else if !session.is_closing() {
                tracing::info!(
                    after_s = limit.as_secs(),
                    "closing a terminal that nobody came back to"
                );
                tokio::spawn(async move { session.close(CloseReason::Closed).await });
            }
        }
    }
}

/// 128 random bits in hexadecimal.
fn new_id() -> Result<String, TerminalError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        TerminalError::new(
            ErrorCode::System,
            format!("the system gives no random numbers: {error}"),
        )
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
