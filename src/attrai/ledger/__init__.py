"""The ledger in Redis: the jobs in flight, their users and their stages."""

from attrai.ledger.eta import StageLoad, seconds_to_answer
from attrai.ledger.ledger import Admission, Ledger, Start

__all__ = ["Admission", "Ledger", "StageLoad", "Start", "seconds_to_answer"]
