"""The ledger in Redis: the jobs in flight, their users and their stages."""

from attrai.ledger.albums import Albums, Together, Wait
from attrai.ledger.estimates import Estimates, StageLoad, seconds_to_answer
from attrai.ledger.ledger import Admission, Ledger, Refusal, Start

__all__ = [
    "Admission",
    "Albums",
    "Estimates",
    "Ledger",
    "Refusal",
    "StageLoad",
    "Start",
    "Together",
    "Wait",
    "seconds_to_answer",
]
