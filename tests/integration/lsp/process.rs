//! The program itself, over its standard input and output.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const URI: &str = "file:///nowhere/a.yaml";

struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jobguard"))
            .args(["lsp", "--stdio", "--policy", "strict"])
            .env_remove("JOBGUARD_POLICY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut process = Self { child, input, output };
        process.send(
            &json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}),
        );
        assert_eq!(process.read()["id"], 1);
        process.notify("initialized", json!({}));
        process
    }

    fn write(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.write(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the end");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(text) => length = text.parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn shown_of(&mut self, version: i32) -> Value {
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["version"] == version
            {
                return message["params"]["diagnostics"].clone();
            }
        }
    }

    fn open(&mut self, text: &str) {
        let document = json!({"uri": URI, "languageId": "yaml", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document}));
    }

    fn end(mut self) -> Option<i32> {
        self.send(&json!({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}));
        while self.read()["id"] != 2 {}
        self.notify("exit", Value::Null);
        // Its input stays open: it must not wait for the end of that.
        self.child.wait().unwrap().code()
    }

    /// The memory that it has in use, in KiB.
    #[cfg(target_os = "linux")]
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

#[test]
fn messages_that_are_none() {
    let mut process = Process::start();
    process.write("garbage\r\n\r\nContent-Length: 3\r\n\r\n{{{Content-Length: x\r\n\r\n");
    process.send(&json!({"jsonrpc": "2.0", "id": 9, "method": 3}));
    let answer = process.read();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(9), &json!(-32600)));
    process.send(&json!([]));
    process.open("apiVersion: batch/v1\nkind: Job\n");
    assert!(!process.shown_of(1).as_array().unwrap().is_empty());
    assert_eq!(process.end(), Some(0));
}

#[test]
fn an_editor_that_goes_away() {
    let Process { mut child, input, output } = Process::start();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    drop(output);
}

/// A file of about 2,000 lines, typed in a thousand times.
#[test]
#[cfg(target_os = "linux")]
fn a_thousand_edits_of_a_large_file() {
    let one = |n: usize| {
        format!(
            "---\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: job-{n}\nspec:\n  schedule: \"{} 3 * * *\"\n  \
             jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n          \
             - name: a\n            image: b:1\n            args:\n            - one\n            - two\n            - \"3\"\n            - four\n",
            n % 60
        )
    };
    let text: String = (0..100).map(one).collect();
    assert!((1_900..2_300).contains(&text.lines().count()), "{}", text.lines().count());
    let mut process = Process::start();
    process.open(&text);
    let whole = process.shown_of(1).as_array().unwrap().len();
    assert!(whole > 100, "{whole}");
    let mut times: Vec<Duration> = Vec::new();
    let mut early = 0;
    for edit in 0..1_000_i32 {
        // A character more and a character less, somewhere.
        let line = u32::try_from(edit / 2 * 37 % 2_000).unwrap();
        let start = json!({"line": line, "character": 0});
        let (end, text) = match edit % 2 {
            0 => (start.clone(), "#"),
            _ => (json!({"line": line, "character": 1}), ""),
        };
        let version = edit + 2;
        let change = json!({"range": {"start": start, "end": end}, "text": text});
        let document = json!({"uri": URI, "version": version});
        process
            .notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
        // Most are overtaken by the next, as when somebody types.
        if edit % 25 == 24 {
            let begin = Instant::now();
            process.shown_of(version);
            times.push(begin.elapsed());
        }
        if edit == 199 {
            early = process.memory();
        }
    }
    let late = process.memory();
    times.sort();
    let (median, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!(
        "memory {early} KiB after 200 edits, {late} KiB after 1,000; told after {median:?} (median), {p95:?} (p95)"
    );
    assert!(late < early + early / 4 + 8 * 1_024, "from {early} KiB to {late} KiB");
    // By its own floor, not by the clock of a machine that does other things too.
    assert!(p95 < median * 20 + Duration::from_secs(1), "median {median:?}, p95 {p95:?}");
    assert_eq!(process.end(), Some(0));
}

/// A client that is not ours, where it is installed: `tests/lsp`.
#[test]
fn a_client_of_somebody_else() {
    let python = std::env::var("JOBGUARD_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import pytest_lsp"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        println!("skipped: {python} has no pytest_lsp");
        return;
    }
    let output = Command::new(&python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/lsp"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("JOBGUARD", env!("CARGO_BIN_EXE_jobguard"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("JOBGUARD_POLICY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("9 passed"), "{said}");
}
