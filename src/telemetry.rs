//! What the service tells about itself: log lines and metrics.
//!
//! Neither holds personal data. Log fields are ids and words of our own, dotted (`order.id`, `event.seq`). Whatever the
//! filter asks for, statements of SQL and whole addresses of requests stay out: in them stand values of rows and tokens.
//! Metrics have few series: routes by template, commands by kind; never an id.

use std::{fmt, io, sync::OnceLock, time::Duration};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    #[error("the log filter is wrong")]
    Filter(#[from] ParseError),
    #[error("somebody else takes the log lines of this process already")]
    Taken,
}

/// Sends log lines to standard error, for the rest of the process.
pub fn init_logging(filter: &str, format: LogFormat) -> Result<(), LogFault> {
    let colours = io::IsTerminal::is_terminal(&io::stderr());
    subscriber(filter, format, colours, io::stderr)?.try_init().map_err(|_| LogFault::Taken)
}

fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    colours: bool,
    writer: W,
) -> Result<impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync, ParseError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let wanted = EnvFilter::builder().parse(filter)?;
    Ok(tracing_subscriber::registry().with(wanted).with(lines.with_filter(filter_fn(is_clean))))
}

/// What may be written down at all, whatever the filter wants.
fn is_clean(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let within =
        |module: &str| target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    // Statements, with their values where they were written into the text; also the warnings about slow ones.
    if within("sqlx::query") {
        return false;
    }
    // Spans with the whole address of a request; ours carry the template of the route.
    if within("tower_http::trace::make_span") {
        return false;
    }
    // Below info these record arguments: statements, connection options, headers.
    let talkative = ["sqlx", "sqlx_core", "sqlx_sqlite", "sqlx_postgres", "sea_orm", "sea_orm_migration", "hyper"];
    !talkative.into_iter().any(within) || *metadata.level() <= Level::INFO
}

pub const HTTP_REQUESTS: &str = "touchstone_http_requests_total";
pub const HTTP_SECONDS: &str = "touchstone_http_request_seconds";
pub const COMMANDS: &str = "touchstone_commands_total";
pub const BATCH_COMMANDS: &str = "touchstone_batch_commands";
pub const COMMIT_SECONDS: &str = "touchstone_commit_seconds";
pub const QUEUE_DEPTH: &str = "touchstone_queue_depth";

/// How often [`Metrics::upkeep`] is due. Histograms keep every sample until then, so a longer pause costs memory.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(1);

/// From a fast read to a request that is about to be given up.
const SECONDS_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
const BATCH_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The metrics of this process, and the page of them.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("metrics cannot be taken: {0}")]
pub struct MetricsFault(String);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Takes what is counted in this process. A process counts once: a second call answers the same page.
    pub fn install() -> Result<Self, MetricsFault> {
        static INSTALLED: OnceLock<Result<Metrics, MetricsFault>> = OnceLock::new();
        let install = || {
            let (recorder, metrics) = Self::recorder()?;
            metrics::set_global_recorder(recorder).map_err(|error| MetricsFault(error.to_string()))?;
            describe();
            Ok(metrics)
        };
        INSTALLED.get_or_init(install).clone()
    }

    fn recorder() -> Result<(PrometheusRecorder, Self), MetricsFault> {
        // Buckets make histograms of a fixed size; summaries would keep samples.
        let builder = PrometheusBuilder::new()
            .set_buckets(&SECONDS_BUCKETS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full(BATCH_COMMANDS.to_owned()), &BATCH_BUCKETS)
            })
            .map_err(|error| MetricsFault(error.to_string()))?;
        let recorder = builder.build_recorder();
        let metrics = Self(recorder.handle());
        Ok((recorder, metrics))
    }

    /// The page for Prometheus, in its text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds samples into their buckets; due every [`UPKEEP_EVERY`].
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    describe_counter!(HTTP_REQUESTS, Unit::Count, "Requests answered, by method, route template and status.");
    describe_histogram!(HTTP_SECONDS, Unit::Seconds, "Time from a request to its answer, by route template.");
    describe_counter!(COMMANDS, Unit::Count, "Commands decided, by kind and outcome.");
    describe_histogram!(BATCH_COMMANDS, Unit::Count, "Commands that shared a commit.");
    describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "Time that a batch took from its first read to its commit.");
    describe_gauge!(QUEUE_DEPTH, Unit::Count, "Commands that wait for the writer.");
}

/// Counts an answered request. The route is the template (`/v1/pieces/{code}`), none if no route matched: a path would
/// make a series of every guess of a stranger, and show tokens.
pub fn request_answered(method: &str, route: Option<&str>, status: u16, took: Duration) {
    let method = match method {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        // A caller may invent methods without end.
        _ => "other",
    };
    let route = route.unwrap_or("unmatched").to_owned();
    counter!(HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status.to_string()).increment(1);
    histogram!(HTTP_SECONDS, "route" => route).record(took);
}

/// Counts a decided command: its kind and what came of it, such as `done`, `repeated` or the code of the refusal.
pub fn command_decided(kind: &'static str, outcome: &'static str) {
    counter!(COMMANDS, "kind" => kind, "outcome" => outcome).increment(1);
}

/// Notes a batch that was committed.
pub fn batch_committed(commands: u32, took: Duration) {
    histogram!(BATCH_COMMANDS).record(commands);
    histogram!(COMMIT_SECONDS).record(took);
}

/// Notes how many commands wait.
pub fn queue_depth(commands: u32) {
    gauge!(QUEUE_DEPTH).set(commands);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: LogFormat, say: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(filter, format, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, say);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn statements_and_addresses_stay_out_whatever_the_filter_asks_for() {
        let text = logged("trace", LogFormat::Text, || {
            tracing::warn!(target: "sqlx::query", "secret SELECT");
            tracing::error!(target: "sqlx::query", "secret SELECT");
            tracing::trace!(target: "sea_orm::driver::sqlx_sqlite", "secret statement");
            tracing::debug!(target: "sqlx_postgres::connection", "secret options");
            tracing::debug!(target: "hyper::proto", "secret header");
            let span = tracing::info_span!(target: "tower_http::trace::make_span", "request", uri = "/t/secret");
            span.in_scope(|| tracing::info!(target: "touchstone::http", { order.id = 7 }, "answered"));
            tracing::warn!(target: "sqlx::pool", "pool is slow");
            tracing::debug!(target: "hyperspace", "kept");
        });
        assert!(!text.contains("secret"), "{text}");
        assert!(
            text.contains("answered order.id=7") && text.contains("pool is slow") && text.contains("kept"),
            "{text}"
        );
    }

    #[test]
    fn a_json_line_is_one_object_with_the_fields_of_its_span() {
        let text = logged("info", LogFormat::Json, || {
            tracing::info_span!("request", request_id = "r-1").in_scope(|| tracing::info!(event.seq = 3, "appended"));
            tracing::debug!("not asked for");
        });
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "appended");
        assert_eq!(lines[0]["event.seq"], 3);
        assert_eq!(lines[0]["span"]["request_id"], "r-1");
    }

    #[test]
    fn a_wrong_filter_is_refused() {
        assert!(matches!(init_logging("touchstone=loud", LogFormat::Text), Err(LogFault::Filter(_))));
    }

    fn counted(count: impl FnOnce()) -> String {
        let (recorder, metrics) = Metrics::recorder().unwrap();
        metrics::with_local_recorder(&recorder, || {
            describe();
            count();
        });
        metrics.upkeep();
        metrics.render()
    }

    #[test]
    fn what_was_counted_is_on_the_page() {
        let page = counted(|| {
            request_answered("GET", Some("/v1/pieces/{code}"), 200, Duration::from_millis(3));
            request_answered("GET", Some("/v1/pieces/{code}"), 200, Duration::from_millis(30));
            command_decided("tag", "done");
            batch_committed(3, Duration::from_millis(2));
            queue_depth(5);
        });
        for line in [
            r#"touchstone_http_requests_total{method="GET",route="/v1/pieces/{code}",status="200"} 2"#,
            r#"touchstone_http_request_seconds_bucket{route="/v1/pieces/{code}",le="0.005"} 1"#,
            r#"touchstone_http_request_seconds_count{route="/v1/pieces/{code}"} 2"#,
            r#"touchstone_commands_total{kind="tag",outcome="done"} 1"#,
            r#"touchstone_batch_commands_bucket{le="4"} 1"#,
            r#"touchstone_commit_seconds_bucket{le="0.0025"} 1"#,
            "touchstone_queue_depth 5",
            "# TYPE touchstone_batch_commands histogram",
            "# HELP touchstone_queue_depth Commands that wait for the writer.",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in:\n{page}");
        }
    }

    #[test]
    fn strangers_cannot_make_series() {
        let page = counted(|| {
            for n in 0..50 {
                request_answered(&format!("M{n}"), None, 404, Duration::ZERO);
            }
        });
        let series = page.lines().filter(|line| line.starts_with("touchstone_http_requests_total")).count();
        assert_eq!(series, 1, "{page}");
    }

    #[test]
    fn the_page_does_not_grow_with_what_is_counted() {
        let few = counted(|| batch_committed(1, Duration::ZERO));
        let many = counted(|| (0..10_000).for_each(|_| batch_committed(1, Duration::ZERO)));
        assert_eq!(few.lines().count(), many.lines().count());
    }

    #[test]
    fn installing_twice_is_installing_once() {
        let (one, two) = (Metrics::install().unwrap(), Metrics::install().unwrap());
        command_decided("install_twice", "done");
        assert!(one.render().contains("install_twice") && two.render().contains("install_twice"));
    }
}
