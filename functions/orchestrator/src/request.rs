//! Step 3: each check is asked, all at once, and what comes back is gathered.

use std::sync::Arc;

use event_bus::Bus;

use crate::pipeline::Reports;
use crate::plan::Plan;

/// Asks the required checks.
pub(crate) async fn gather(bus: &dyn Bus, plan: &Plan) -> Reports {
    let reports = bus.ask(Arc::clone(&plan.request), &plan.required).await;
    let mut gathered = Reports::default();
    reports.into_iter().for_each(|report| gathered.add(report));
    gathered
}
