"""Workers for `bench.replicas` that sleep for the measured time of each stage."""

from __future__ import annotations

import json
import os

from bench import eta_worker
from bench.eta_worker import Deliver, Detect, Ingest, Render, Score

__all__ = ["Deliver", "Detect", "Ingest", "Render", "Score", "setup"]

#: Environment variable with the mean seconds of each stage, as JSON.
MEANS = "REPLICAS_MEANS"


def setup() -> None:
    """Start the workers; the entry point for dramatiq's command line."""
    eta_worker.MEAN |= json.loads(os.environ[MEANS])
    eta_worker.setup()
