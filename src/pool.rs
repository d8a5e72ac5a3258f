// SPDX-License-Identifier: MIT
//! Threads that a program makes for calls that block: files, databases, names of users. Never more than it asked for,
//! and none that it did not make.

use crate::controller::Member;
use crate::errno::{Errno, Result};
use crate::fork::births;
use crate::sys::memory::AtomicShared;
use crate::sys::signal::{set_mask, Set};
use crate::wakeup::{Raiser, Wakeup};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What blocks. It is called once.
pub type Work = Box<dyn FnOnce() -> i32 + Send>;

/// How far a call has come.
enum Progress {
    Queued(Work),
    Running,
    Over(i32),
    /// Nobody wants it any more.
    Withdrawn,
}

/// A call, from when it is queued until it is over. Threads share it.
struct Job {
    progress: Mutex<Progress>,
    over: Raiser,
}

impl Job {
    /// Goes on to `next` if the call has not begun. `None` if it has.
    fn leave_queue(&self, next: Progress) -> Option<Work> {
        let mut progress = lock(&self.progress);
        if !matches!(*progress, Progress::Queued(_)) {
            return None;
        }
        match std::mem::replace(&mut *progress, next) {
            Progress::Queued(work) => Some(work),
            _ => None,
        }
    }

    fn end(&self, result: i32) {
        *lock(&self.progress) = Progress::Over(result);
        let _ = self.over.raise();
    }
}

/// A call as its caller sees it.
pub struct Call {
    job: AtomicShared<Job>,
    shared: AtomicShared<Shared>,
    over: Wakeup,
}

struct Queue {
    jobs: VecDeque<AtomicShared<Job>>,
    is_closing: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// A pool of threads.
pub struct Pool {
    shared: AtomicShared<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// A child of fork(2) has none of the threads.
    born: u32,
}

/// A panic leaves nothing half done under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Starts so many threads, which have all signals blocked. EAGAIN: the system has no room for them; ENOMEM.
    pub fn new(count: usize, name: &str) -> Result<Pool> {
        let queue = Queue { jobs: VecDeque::new(), is_closing: false };
        let shared =
            AtomicShared::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() })?;
        let mut threads = Vec::new();
        threads.try_reserve_exact(count).map_err(|_| Errno::NOMEM)?;
        let mut pool = Pool { shared, threads, born: births() };
        // Threads inherit the mask: signals are for the program's own.
        let before = set_mask(&Set::full())?;
        let started: Result<()> = (0..count).try_for_each(|_| {
            let shared = pool.shared.clone();
            let thread = std::thread::Builder::new().name(name.to_owned());
            pool.threads.push(thread.spawn(move || run(&shared))?);
            Ok(())
        });
        set_mask(&before)?;
        started?;
        Ok(pool)
    }

    /// Queues a call. ENOMEM, EMFILE, ENFILE; ECHILD in a child of fork(2).
    pub fn call(&self, work: Work) -> Result<Call> {
        if self.born != births() {
            return Err(Errno(libc::ECHILD));
        }
        let over = Wakeup::new()?;
        let progress = Mutex::new(Progress::Queued(work));
        let job = AtomicShared::new(Job { progress, over: over.raiser().clone() })?;
        let mut queue = lock(&self.shared.queue);
        queue.jobs.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        queue.jobs.push_back(job.clone());
        drop(queue);
        self.shared.changed.notify_one();
        Ok(Call { job, shared: self.shared.clone(), over })
    }

    /// How many calls wait for a thread.
    pub fn waiting(&self) -> usize {
        match self.born == births() {
            true => lock(&self.shared.queue).jobs.len(),
            false => 0,
        }
    }
}

impl Drop for Pool {
    /// Waits for the calls that run. Those that have not begun are over, with ECANCELED.
    fn drop(&mut self) {
        if self.born != births() {
            return; // a lock may be held by a thread that is not here
        }
        let mut queue = lock(&self.shared.queue);
        queue.is_closing = true;
        let jobs = std::mem::take(&mut queue.jobs);
        drop(queue);
        self.shared.changed.notify_all();
        for job in jobs {
            if job.leave_queue(Progress::Running).is_some() {
                job.end(libc::ECANCELED);
            }
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Call {
    /// The result. EAGAIN until there is one.
    pub fn result(&self) -> Result<i32> {
        match *lock(&self.job.progress) {
            Progress::Over(result) => Ok(result),
            _ => Err(Errno::AGAIN),
        }
    }

    /// Takes the call back, if it has not begun.
    pub fn withdraw(&self) -> bool {
        let is_withdrawn = self.job.leave_queue(Progress::Withdrawn).is_some();
        if is_withdrawn {
            lock(&self.shared.queue).jobs.retain(|job| !AtomicShared::is_same(job, &self.job));
        }
        is_withdrawn
    }

    /// What to wait for until there may be a result.
    pub fn interest(&self) -> Member {
        self.over.interest()
    }
}

/// The life of a thread of the pool.
fn run(shared: &Shared) {
    while let Some(job) = next(shared) {
        if let Some(work) = job.leave_queue(Progress::Running) {
            job.end(work());
        }
    }
}

/// The next call, when there is one. `None`: the pool closes.
fn next(shared: &Shared) -> Option<AtomicShared<Job>> {
    let mut queue = lock(&shared.queue);
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            return Some(job);
        }
        if queue.is_closing {
            return None;
        }
        queue = shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}
