//! `touchstone claims`, as somebody at a terminal runs it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn extract(input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
    command.args(["claims", "extract"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (Vec<Value>, String) {
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn a_line_that_is_no_passage_is_told_with_its_number_and_the_rest_is_read() {
    let input = "{\"id\": 1, \"text\": \"天然A货翡翠\"}\n\n{\"id\": 2, \"text\": 7}\nno JSON\n{\"id\": 3}\n\
                 {\"id\": 4, \"lang\": \"zh\", \"text\": \"五十八克\"}";
    let output = extract(input);
    let (lines, told) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(lines.iter().map(|line| line["id"].as_i64()).collect::<Vec<_>>(), [Some(1), Some(4)]);
    assert_eq!(lines[1]["claims"][0]["value"], "58");
    for part in
        ["line 3: ", "invalid type: integer `7`, expected a string", "line 4: ", "line 5: ", "missing field `text`"]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(told.ends_with("2 passages read; 3 lines are no passage and were left out\n"), "{told}");
}

#[test]
fn an_input_of_another_kind_is_wrong_use_and_is_not_told_line_by_line() {
    let output = extract(&"00:00:01,000 --> 00:00:02,000\n".repeat(500));
    let (lines, told) = said(&output);
    assert_eq!((output.status.code(), lines.len()), (Some(2), 0), "{told}");
    assert!(told.contains("say --format srt") && told.lines().count() < 30, "{told}");
}
