//! What must not compile: the first wall from outside, and what the compiler proves of a route.
//!
//! The cases are given to rustc with the crates that this binary itself was linked with. (The crate trybuild would
//! compile all dependencies once more, in a target folder of its own: minutes, for cases of a second.)

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder where cargo put the dependencies of this binary, and the binary itself.
fn built() -> PathBuf {
    let this = std::env::current_exe().expect("a test knows its own file");
    this.parent().expect("a file is in a folder").to_owned()
}

/// The library that was built last: cargo builds it before the test that uses it.
fn library(name: &str) -> PathBuf {
    let prefix = format!("lib{name}-");
    let files = fs::read_dir(built()).expect("the folder of this binary can be read");
    files
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rlib"))
        .filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix)))
        .max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
        .unwrap_or_else(|| panic!("there is no {prefix}*.rlib beside this test"))
}

/// The errors of one compilation, each by its first line; none where it succeeded.
fn errors(case: &Path, fault: bool, out: &Path) -> Vec<String> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")));
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--cap-lints=allow", "--out-dir"]).arg(out);
    rustc.arg("-L").arg(format!("dependency={}", built().display()));
    for name in ["touchstone", "state_machine_future", "futures"] {
        rustc.arg("--extern").arg(format!("{name}={}", library(name).display()));
    }
    if fault {
        rustc.args(["--cfg", "fault"]);
    }
    let output = rustc.arg(case).output().expect("rustc runs where cargo does");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("error") && !line.starts_with("error: aborting"))
        // What a derive says as it panics stands in a line of its own.
        .chain(text.lines().filter(|line| line.trim_start().starts_with("= help: message:")))
        .map(str::to_owned)
        .collect();
    assert_eq!(output.status.success(), errors.is_empty(), "{}:\n{text}", case.display());
    errors
}

#[test]
fn what_must_not_be_written_down_does_not_compile() {
    let out = tempfile::tempdir().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    cases.sort();
    assert!(10 <= cases.len(), "some cases are gone: {cases:?}");
    for case in cases {
        let shown = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&case).unwrap();
        let expected: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("//! error: ")).collect();
        assert!(!expected.is_empty(), "{shown} names no error");

        assert_eq!(errors(&case, false, out.path()), Vec::<String>::new(), "{shown} fails without its fault");
        let found = errors(&case, true, out.path());
        let met = expected.iter().all(|part| {
            let wanted = expected.iter().filter(|other| *other == part).count();
            found.iter().filter(|error| error.contains(part)).count() == wanted
        });
        assert!(met && found.len() == expected.len(), "{shown}: expected {expected:#?}, found {found:#?}");
        println!("{shown}: {}", found.join("; "));
    }
}
