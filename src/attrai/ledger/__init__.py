"""The ledger in Redis: which jobs are in flight, whose they are, where they are."""

from attrai.ledger.eta import StageLoad, seconds_to_answer
from attrai.ledger.ledger import Admission, Ledger, Start

__all__ = ["Admission", "Ledger", "StageLoad", "Start", "seconds_to_answer"]
