//! What Prometheus' own libraries tell of a process, by the same names, out of /proc/self, which is what a confined unit of
//! systemd sees of it (ProcSubset=pid); nothing where that is not Linux'.

use std::fs::{read_dir, read_to_string};

use chrono::{DateTime, Utc};
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

/// Ticks in which the kernel tells a program its times, a second: 100 wherever Rust runs on Linux (USER_HZ).
const TICKS: f64 = 100.0;

/// Says what the metrics of the process are, and what does not change.
pub(super) fn describe(started_at: DateTime<Utc>) {
    describe_counter!(
        "process_cpu_seconds_total",
        Unit::Seconds,
        "Time that processors worked for this process, whole seconds"
    );
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory that the process has");
    describe_gauge!("process_virtual_memory_bytes", Unit::Bytes, "Memory that the process has reserved");
    describe_gauge!("process_open_fds", "Open files and sockets");
    describe_gauge!("process_max_fds", "Files and sockets that it may open");
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "When the process started, since 1970");
    gauge!("process_start_time_seconds").set(started_at.timestamp() as f64);
    describe_gauge!("bellwether_build_info", "1; the label tells the version");
    gauge!("bellwether_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Brings them up to date.
pub(super) fn measure() {
    let text = |path| read_to_string(path).unwrap_or_default();
    let (stat, status) = (text("/proc/self/stat"), text("/proc/self/status"));
    if let Some(seconds) = cpu_seconds(&stat) {
        counter!("process_cpu_seconds_total").absolute(seconds);
    }
    let found = [
        ("process_resident_memory_bytes", kilobytes(&status, "VmRSS:").map(|kilobytes| kilobytes * 1_024.0)),
        ("process_virtual_memory_bytes", kilobytes(&status, "VmSize:").map(|kilobytes| kilobytes * 1_024.0)),
        ("process_open_fds", read_dir("/proc/self/fd").ok().map(|files| files.count() as f64)),
        ("process_max_fds", max_files(&text("/proc/self/limits"))),
    ];
    for (name, value) in found.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        gauge!(name).set(value);
    }
}

/// A field of /proc/PID/stat, counted from 3 on as its manual does: before stands a name that may hold anything.
fn field(stat: &str, number: usize) -> Option<f64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

/// Seconds in the program and in the kernel.
fn cpu_seconds(stat: &str) -> Option<u64> {
    Some(((field(stat, 14)? + field(stat, 15)?) / TICKS) as u64)
}

fn kilobytes(status: &str, key: &str) -> Option<f64> {
    status.lines().find_map(|line| line.strip_prefix(key))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// The soft limit; none where there is none.
fn max_files(limits: &str) -> Option<f64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of the process holds a parenthesis and spaces.
    const STAT: &str =
        "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 3 0 1250 375 0 0 20 0 9 0 12345 99 88 18446744073709551615 1";

    #[test]
    fn the_kernels_words_are_understood() {
        assert_eq!(cpu_seconds(STAT), Some(16));
        assert_eq!(kilobytes("VmPeak:\t  99 kB\nVmRSS:\t   2048 kB\n", "VmRSS:"), Some(2_048.0));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(max_files(limits), Some(1_024.0));
        assert_eq!(max_files("Max open files            unlimited            unlimited            files\n"), None);
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        for text in ["", ")", "42 (a) S", "VmRSS: kB", "nonsense"] {
            assert_eq!(cpu_seconds(text), None, "{text}");
            assert_eq!((kilobytes(text, "VmRSS:"), max_files(text)), (None, None), "{text}");
        }
    }
}
