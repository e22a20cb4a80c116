//! Metrics: the Prometheus exporter behind the `metrics` facade.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use throughline_catalog::Catalogue;

use crate::error::StartError;

/// Buckets of histograms that no catalogue declares, such as those of other libraries: without any
/// they would become summaries, which cannot be added up.
const DEFAULT_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The exporter keeps raw samples until somebody drains them.
const UPKEEP: Duration = Duration::from_secs(5);

/// The exporter of this process.
pub(crate) struct Exporter {
    recorder: Mutex<Option<PrometheusRecorder>>,
    page: Page,
    stop: Mutex<Option<Sender<()>>>,
}

/// Renders the metrics page.
#[derive(Clone)]
pub(crate) struct Page {
    handle: PrometheusHandle,
    process: Arc<metrics_process::Collector>,
}

impl Exporter {
    pub(crate) fn new(catalogues: &[&'static Catalogue]) -> Result<Self, StartError> {
        let bad = |error| StartError::new("the exporter refuses the buckets").because(error);
        let mut builder = PrometheusBuilder::new()
            .set_buckets(&DEFAULT_BUCKETS)
            .map_err(bad)?;
        for family in catalogues.iter().flat_map(|catalogue| catalogue.families()) {
            if let Some(buckets) = family.buckets() {
                let name = Matcher::Full(family.name().to_owned());
                builder = builder.set_buckets_for_metric(name, buckets).map_err(bad)?;
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let process = Arc::new(metrics_process::Collector::default());
        Ok(Self {
            recorder: Mutex::new(Some(recorder)),
            page: Page { handle, process },
            stop: Mutex::new(None),
        })
    }

    /// Installs the recorder of the process and starts its upkeep.
    pub(crate) fn install(&self) -> Result<(), StartError> {
        let recorder = lock(&self.recorder)
            .take()
            .expect("the exporter is installed once");
        metrics::set_global_recorder(recorder)
            .map_err(|_| StartError::already("a metrics recorder"))?;
        self.page.process.describe();
        let (stop, stopped) = mpsc::channel();
        let handle = self.page.handle.clone();
        thread::Builder::new()
            .name("metrics-upkeep".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(UPKEEP) == Err(RecvTimeoutError::Timeout) {
                    handle.run_upkeep();
                }
            })
            .map_err(|error| StartError::new("no thread for the metrics").because(error))?;
        *lock(&self.stop) = Some(stop);
        Ok(())
    }

    pub(crate) fn handle(&self) -> Page {
        self.page.clone()
    }

    /// Ends the upkeep; the page can still be rendered.
    pub(crate) fn stop(&self) {
        drop(lock(&self.stop).take());
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Page {
    /// The page in Prometheus' text format 0.0.4.
    pub(crate) fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
