//! Giving up privileges once nothing needs them any more.
//!
//! A capture reads what strangers send; what reads it should be able to do nothing else. What is given up:
//!
//! - every capability, from all sets of the process;
//! - the right to gain any by running another program (`no_new_privs`);
//! - the root user, if the program was started by `sudo`: it goes on as the user who started it. A plain root login stays
//!   root, without any capability, because there is no other user that it is known to stand for.
//!
//! Files that only root may write are opened before.

use std::env;
use std::fs;
use std::io;

use caps::CapSet;

/// A user and its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// The user's number.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

/// The user who started this program by `sudo`, if one did.
pub fn sudo_user() -> Option<User> {
    // SAFETY: no arguments, and it cannot fail.
    let is_root = unsafe { libc::geteuid() } == 0;
    let number = |name| env::var(name).ok()?.parse().ok();
    let user = User {
        uid: number("SUDO_UID")?,
        gid: number("SUDO_GID")?,
    };
    (is_root && user.uid != 0).then_some(user)
}

/// Gives up all privileges, for good.
///
/// Capabilities belong to a thread, so this is for a process that has only one as yet; with more it is an error
/// ([`io::ErrorKind::Other`]) and nothing is changed. An error later on means that some are left: better not to go on.
pub fn drop_all() -> io::Result<()> {
    let threads = fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(format!(
            "privileges must be given up before threads start, and there are {threads}"
        )));
    }
    let user = sudo_user();
    drop_bounding_set();
    if let Some(user) = user {
        become_user(user)?;
    }
    for set in [
        CapSet::Ambient,
        CapSet::Inheritable,
        CapSet::Effective,
        CapSet::Permitted,
    ] {
        caps::clear(None, set).map_err(io::Error::other)?;
    }
    // SAFETY: this call of prctl takes numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })
}

/// Takes every capability out of the set that limits what can be gained. It takes CAP_SETPCAP; without it the set is
/// left, and `no_new_privs` alone keeps anything from being gained.
fn drop_bounding_set() {
    for capability in 0..64 as libc::c_ulong {
        // SAFETY: these calls of prctl take numbers only.
        unsafe {
            if libc::prctl(libc::PR_CAPBSET_READ, capability, 0, 0, 0) == 1 {
                libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
            }
        }
    }
}

/// Becomes that user, of that one group, with no way back.
fn become_user(User { uid, gid }: User) -> io::Result<()> {
    // SAFETY: one group, and a pointer to it; the rest are numbers.
    unsafe {
        check(libc::setgroups(1, &gid))?;
        check(libc::setresgid(gid, gid, gid))?;
        check(libc::setresuid(uid, uid, uid))
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
