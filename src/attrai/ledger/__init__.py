"""The ledger in Redis: the jobs in flight, their users and their stages."""

from attrai.ledger.estimates import Estimates, StageLoad, seconds_to_answer
from attrai.ledger.ledger import Admission, Ledger, Refusal, Start

__all__ = [
    "Admission",
    "Estimates",
    "Ledger",
    "Refusal",
    "StageLoad",
    "Start",
    "seconds_to_answer",
]
