//! Wall time, processor time and memory of this process.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Runs from where it is made.
pub struct Meter {
    began: Instant,
    cpu_s: f64,
}

impl Default for Meter {
    fn default() -> Self {
        Self { began: Instant::now(), cpu_s: cpu_s() }
    }
}

impl Meter {
    pub fn wall_s(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// User and system time of all threads.
    pub fn cpu_s(&self) -> f64 {
        cpu_s() - self.cpu_s
    }
}

fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The most memory that this process had, in MiB; 0 where the system does not say.
pub fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
