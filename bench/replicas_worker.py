"""Workers for `bench.replicas`: they sleep as long as each stage was measured to work."""

from __future__ import annotations

import json
import os

from bench import eta_worker
from bench.eta_worker import Deliver, Detect, Ingest, Render, Score

__all__ = ["Deliver", "Detect", "Ingest", "Render", "Score", "setup"]

#: The variable that holds the mean seconds of each stage, as JSON.
MEANS = "REPLICAS_MEANS"


def setup() -> None:
    """For dramatiq's command line."""
    eta_worker.MEAN |= json.loads(os.environ[MEANS])
    eta_worker.setup()
