//! How much memory a photo takes at the most: alone in its process, so that nothing else is counted. Linux tells the
//! highest that a process ever took, and takes it back when asked.
#![cfg(target_os = "linux")]

use std::fs;

use touchstone::photos::develop::develop;

const TWELVE_MEGAPIXELS: &[u8] = include_bytes!("../fixtures/photos/twelve-megapixels.jpg");

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kilobytes: u64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    1024 * kilobytes
}

#[test]
fn a_photo_of_twelve_megapixels_takes_less_than_150_megabytes() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    let developed = develop(TWELVE_MEGAPIXELS).unwrap();
    assert_eq!((developed.width, developed.height), (4000, 3000));
    let taken = status("VmHWM") - before;
    assert!((12_000_000..150_000_000).contains(&taken), "{taken} bytes");
}
