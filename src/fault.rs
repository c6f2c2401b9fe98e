//! Kill points: places between two steps at which this process can be told to end at once, as a power cut would end
//! it, so that a test can show that the next start makes good whatever was left half done.
//!
//! A `fault!` is nothing at all unless the feature `faults` is on, and no release has it. With it,
//! `HUB_FAULT=intake.committed:2` kills the process when it comes to that point for the second time. The names stand
//! in `tests/torture/points.txt`, each once in the code, and a test holds the two together. In the program each is
//! written with the same words before it, by which another test knows that a release has none.
//!
//! Planted bugs are told apart in the same way: mistakes that only a test asks for, to see that it would find them.

#[cfg(feature = "faults")]
macro_rules! fault {
    ($point:literal) => {
        $crate::fault::reached(concat!("kill point ", $point))
    };
}

#[cfg(not(feature = "faults"))]
macro_rules! fault {
    ($point:literal) => {};
}

/// True: this mistake was asked for by `HUB_BUG`, to see whether the tests find it. Only with the feature `bugs`; else
/// false, and what stands behind it is not compiled in.
#[cfg(feature = "bugs")]
macro_rules! planted {
    ($bug:literal) => {
        $crate::fault::is_planted(concat!("planted bug ", $bug))
    };
}

#[cfg(not(feature = "bugs"))]
macro_rules! planted {
    ($bug:literal) => {
        false
    };
}

pub(crate) use {fault, planted};

#[cfg(feature = "bugs")]
pub(crate) fn is_planted(bug: &str) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("HUB_BUG").ok());
    CHOSEN.as_deref().is_some_and(|chosen| bug.strip_prefix("planted bug ") == Some(chosen))
}

/// Ends the process if it was told to end here.
#[cfg(feature = "faults")]
pub(crate) fn reached(point: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CHOSEN: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let chosen = std::env::var("HUB_FAULT").ok()?;
        let (point, pass) = chosen.rsplit_once(':')?;
        Some((point.to_owned(), pass.parse().ok()?))
    });
    static PASSES: AtomicU64 = AtomicU64::new(0);

    if let Some((chosen, pass)) = &*CHOSEN
        && point.strip_prefix("kill point ") == Some(chosen.as_str())
        && PASSES.fetch_add(1, Ordering::Relaxed) + 1 == *pass
    {
        die(chosen);
    }
}

/// SIGKILL to ourselves: no destructor runs, nothing is flushed.
#[cfg(feature = "faults")]
fn die(point: &str) -> ! {
    use std::io::Write;

    // The test reads this line to know that the point was reached; one that cannot be written is its trouble.
    writeln!(std::io::stderr(), "killed at {point}").ok();
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).ok();
    loop {
        std::thread::park();
    }
}
