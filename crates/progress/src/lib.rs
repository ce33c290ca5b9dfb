//! Progress of long work as named steps: bars on a terminal, plain lines elsewhere.
//!
//! Everything goes to stderr, so that stdout stays the program's own. Nothing is printed
//! until a step starts: work that is cached is silent. This crate measures time; it does no other IO.

use std::collections::HashMap;
use std::fmt;
use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows the steps of one command. Cheap to clone; clones share one display.
#[derive(Clone)]
pub struct Progress {
    inner: Arc<Inner>,
}

struct Inner {
    display: Display,
    started: Instant,
    plan: Mutex<Plan>,
}

enum Display {
    /// `total` moves over the whole plan; each step has a line of its own above it.
    Bars {
        all: MultiProgress,
        total: ProgressBar,
    },
    Lines(Mutex<Box<dyn Write + Send>>),
    Hidden,
}

/// Expected seconds of the steps still to come and of those done.
#[derive(Default)]
struct Plan {
    expected: HashMap<String, f64>,
    /// Seconds, as planned, of the finished steps.
    done: f64,
    /// Planned seconds and share done of the running steps, by name.
    running: HashMap<String, (f64, f64)>,
}

/// What a step without a plan entry is taken to need.
const UNPLANNED_SECONDS: f64 = 5.0;

/// The overall bar counts in thousandths.
const RESOLUTION: u64 = 1000;

impl Plan {
    fn share(&self) -> f64 {
        let total: f64 = self.done
            + self.expected.values().sum::<f64>()
            + self
                .running
                .values()
                .map(|(seconds, _)| seconds)
                .sum::<f64>();
        let done: f64 = self.done
            + self
                .running
                .values()
                .map(|(seconds, share)| seconds * share)
                .sum::<f64>();
        if total > 0.0 {
            (done / total).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Bars when stderr is a terminal, plain lines otherwise.
    #[must_use]
    pub fn new() -> Self {
        if std::io::stderr().is_terminal() {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let total =
                ProgressBar::new(RESOLUTION).with_style(style("{bar:30} {percent:>3}% {elapsed}"));
            Self::with(Display::Bars { all, total })
        } else {
            Self::to_writer(std::io::stderr())
        }
    }

    /// Shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self::with(Display::Hidden)
    }

    /// Plain lines to `writer`.
    #[must_use]
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self::with(Display::Lines(Mutex::new(Box::new(writer))))
    }

    fn with(display: Display) -> Self {
        Self {
            inner: Arc::new(Inner {
                display,
                started: Instant::now(),
                plan: Mutex::default(),
            }),
        }
    }

    /// Announces steps that will come, with the seconds each is expected to take, so that shares
    /// are shares of the whole. Steps of an earlier plan that have not started are forgotten.
    pub fn plan<'a>(&self, steps: impl IntoIterator<Item = (&'a str, f64)>) {
        let mut plan = lock(&self.inner.plan);
        plan.expected = steps
            .into_iter()
            .map(|(name, seconds)| (name.to_owned(), seconds))
            .collect();
    }

    /// Starts a step. It ends with [`Step::finish`]; dropping it unfinished means that it failed.
    #[must_use]
    pub fn step(&self, name: &str, why: &str) -> Step {
        let share = {
            let mut plan = lock(&self.inner.plan);
            let seconds = plan.expected.remove(name).unwrap_or(UNPLANNED_SECONDS);
            plan.running.insert(name.to_owned(), (seconds, 0.0));
            plan.share()
        };
        let bar = match &self.inner.display {
            Display::Bars { all, total } => {
                if total.is_hidden() || total.position() == 0 {
                    // Added on first use only: a command with nothing to do shows no bar.
                    all.add(total.clone());
                    total.enable_steady_tick(Duration::from_millis(500));
                }
                let bar = all.insert_before(
                    total,
                    ProgressBar::new(RESOLUTION).with_style(style(
                        "{spinner} {prefix:.bold} {percent:>3}% {elapsed} {wide_msg:.dim}",
                    )),
                );
                bar.set_prefix(name.to_owned());
                bar.set_message(why.to_owned());
                bar.enable_steady_tick(Duration::from_millis(120));
                Some(bar)
            }
            Display::Lines(out) => {
                self.line(out, share, &format!("{name}: {why}"));
                None
            }
            Display::Hidden => None,
        };
        Step {
            progress: self.clone(),
            name: name.to_owned(),
            bar,
            started: Instant::now(),
            finished: false,
            told: Mutex::new(0.0),
        }
    }

    /// Prints a line for a person (a warning, a reason to wait) without disturbing the bars.
    pub fn note(&self, text: &str) {
        match &self.inner.display {
            Display::Bars { all, .. } => {
                // A lost note is not worth failing the work for.
                drop(all.println(text));
            }
            Display::Lines(out) => self.line(out, lock(&self.inner.plan).share(), text),
            Display::Hidden => {}
        }
    }

    /// Removes the bars; later output of the command starts on a clean line.
    pub fn clear(&self) {
        if let Display::Bars { all, total } = &self.inner.display {
            total.finish_and_clear();
            drop(all.clear());
        }
    }

    fn line(&self, out: &Mutex<Box<dyn Write + Send>>, share: f64, text: &str) {
        let elapsed = clock(self.inner.started.elapsed());
        drop(writeln!(
            lock(out),
            "ferropy [{:>3}% {elapsed}] {text}",
            percent(share)
        ));
    }

    fn update(&self) {
        let share = lock(&self.inner.plan).share();
        if let Display::Bars { total, .. } = &self.inner.display {
            total.set_position(thousandths(share));
        }
    }
}

/// One running step.
pub struct Step {
    progress: Progress,
    name: String,
    bar: Option<ProgressBar>,
    started: Instant,
    finished: bool,
    /// The share at which a plain line was last printed.
    told: Mutex<f64>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({})", self.name)
    }
}

impl Step {
    /// Says how much of this step is done, from 0 to 1.
    pub fn set_share(&self, share: f64) {
        let share = share.clamp(0.0, 1.0);
        if let Some(entry) = lock(&self.progress.inner.plan).running.get_mut(&self.name) {
            entry.1 = share;
        }
        if let Some(bar) = &self.bar {
            bar.set_position(thousandths(share));
        } else if let Display::Lines(out) = &self.progress.inner.display {
            // A quarter at a time keeps a CI log short and still shows that a long step lives.
            let mut told = lock(&self.told);
            if share < 1.0 && share >= *told + 0.25 {
                *told = share;
                let total = lock(&self.progress.inner.plan).share();
                self.progress.line(
                    out,
                    total,
                    &format!("{}: {}% of this step", self.name, percent(share)),
                );
            }
        }
        self.progress.update();
    }

    /// Shows what the step is doing now; plain output leaves it out.
    pub fn message(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    /// Prints a line for a person; see [`Progress::note`].
    pub fn note(&self, text: &str) {
        self.progress.note(text);
    }

    /// Ends the step as done.
    pub fn finish(mut self) {
        self.finished = true;
        self.close("done");
    }

    fn close(&self, outcome: &str) {
        {
            let mut plan = lock(&self.progress.inner.plan);
            if let Some((seconds, _)) = plan.running.remove(&self.name) {
                plan.done += seconds;
            }
        }
        let text = format!(
            "{}: {outcome} in {}",
            self.name,
            clock(self.started.elapsed())
        );
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            self.progress.note(&text);
        } else if let Display::Lines(out) = &self.progress.inner.display {
            self.progress
                .line(out, lock(&self.progress.inner.plan).share(), &text);
        }
        self.progress.update();
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.finished {
            self.close("stopped");
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants of this file and a test uses them")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere must not take the progress display down with it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers pass 0..=1"
)]
#[expect(clippy::cast_precision_loss, reason = "a constant far below 2^52")]
fn thousandths(share: f64) -> u64 {
    (share * RESOLUTION as f64).round() as u64
}

fn percent(share: f64) -> u64 {
    thousandths(share) / (RESOLUTION / 100)
}

/// Minutes and seconds, such as `3:07`.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Buffer {
        fn text(&self) -> String {
            String::from_utf8(lock(&self.0).clone()).expect("lines are UTF-8")
        }
    }

    #[test]
    fn plain_lines_name_step_share_and_time() {
        let buffer = Buffer::default();
        let progress = Progress::to_writer(buffer.clone());
        progress.plan([("Fetch", 10.0), ("Compile", 30.0)]);
        progress.step("Fetch", "the source of everything").finish();
        let compile = progress.step("Compile", "every file once");
        compile.set_share(0.1);
        compile.set_share(0.5);
        compile.message("not shown here");
        progress.note("waiting for another ferropy");
        compile.finish();
        assert_eq!(
            buffer.text(),
            "ferropy [  0% 0:00] Fetch: the source of everything\n\
             ferropy [ 25% 0:00] Fetch: done in 0:00\n\
             ferropy [ 25% 0:00] Compile: every file once\n\
             ferropy [ 62% 0:00] Compile: 50% of this step\n\
             ferropy [ 62% 0:00] waiting for another ferropy\n\
             ferropy [100% 0:00] Compile: done in 0:00\n"
        );
    }

    #[test]
    fn nothing_to_do_prints_nothing() {
        let buffer = Buffer::default();
        let progress = Progress::to_writer(buffer.clone());
        progress.plan([("Fetch", 10.0)]);
        progress.clear();
        assert_eq!(buffer.text(), "");
    }

    #[test]
    fn a_dropped_step_is_reported_as_stopped() {
        let buffer = Buffer::default();
        let progress = Progress::to_writer(buffer.clone());
        drop(progress.step("Link", "the main module"));
        assert!(
            buffer.text().contains("Link: stopped in 0:00"),
            "{}",
            buffer.text()
        );
    }

    #[test]
    fn bar_templates_are_valid() {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let total =
            ProgressBar::new(RESOLUTION).with_style(style("{bar:30} {percent:>3}% {elapsed}"));
        let progress = Progress::with(Display::Bars { all, total });
        let step = progress.step("Link", "why");
        step.set_share(0.5);
        step.message("now");
        step.finish();
        progress.clear();
    }
}
