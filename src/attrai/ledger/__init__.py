"""The ledger in Redis: the jobs in flight, their users and their stages."""

from attrai.ledger.ledger import (
    Admission,
    Ledger,
    Refusal,
    StageLoad,
    Start,
    seconds_to_answer,
)

__all__ = ["Admission", "Ledger", "Refusal", "StageLoad", "Start", "seconds_to_answer"]
