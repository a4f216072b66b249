//! The monotonic clock as simulated time, and an alarm that rings by it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::base::Time;

/// Simulated time that goes as real time goes, from 0 on.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// It is 0 now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge where simulated time meets the real one"
    )]
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The time that is now.
    pub fn now(&self) -> Time {
        Time::ZERO + self.start.elapsed()
    }
}

/// The time that is now, as it counts from [`Time::SIMULATION_EPOCH`] on.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge where simulated time meets the real one"
)]
pub fn epoch() -> Time {
    let since = SystemTime::UNIX_EPOCH + Time::SIMULATION_EPOCH.since(Time::ZERO);
    // a clock that is set wrong may be before it
    Time::ZERO + SystemTime::now().duration_since(since).unwrap_or_default()
}

/// Rings once, to the microsecond; tokio's own timers count milliseconds, which is long on a fast link.
#[derive(Debug)]
pub struct Alarm {
    timer: AsyncFd<File>,
}

impl Alarm {
    /// An alarm that is not set, in the runtime that this is called in.
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: two numbers; the result is checked.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if timer == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that was just made, and that nobody else owns.
        let timer = unsafe { File::from_raw_fd(timer) };
        // SAFETY: the descriptor is the one that the file owns until it is dropped, never another.
        let timer = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        Ok(Self {
            timer: timer.map_err(io::Error::from)?,
        })
    }

    /// Waits so long; forever if none. It may return too early.
    pub async fn wait(&self, span: Option<Duration>) -> io::Result<()> {
        self.set(span)?;
        let mut ready = self.timer.readable().await?;
        let mut expirations = [0; 8];
        if let Err(error) = ready.get_inner().read(&mut expirations)
            && error.kind() != io::ErrorKind::WouldBlock
        {
            return Err(error);
        }
        ready.clear_ready();
        Ok(())
    }

    fn set(&self, span: Option<Duration>) -> io::Result<()> {
        let zero = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // All zero means not set, so that a span of nothing is a nanosecond.
        let it_value = span.map_or(zero, |span| libc::timespec {
            tv_sec: libc::time_t::try_from(span.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::from(span.subsec_nanos().max(u32::from(span.is_zero())) as i32),
        });
        let setting = libc::itimerspec {
            it_interval: zero,
            it_value,
        };
        let timer = self.timer.as_raw_fd();
        // SAFETY: an open timer, and a setting that outlives the call; the old one is not asked for.
        let set =
            unsafe { libc::timerfd_settime(timer, 0, &raw const setting, std::ptr::null_mut()) };
        if set == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}
