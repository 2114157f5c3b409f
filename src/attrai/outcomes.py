"""How photos end, in four kinds."""

from __future__ import annotations

from typing import Literal, get_args

from attrai.errors import INTERNAL, TIMED_OUT, NoFace

#: With its picture; through no fault of ours without (no face on it, or we could not take it, or
#: could not give it back); or through ours.
Outcome = Literal["rated", "no-face", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def outcome_of(code: str) -> Outcome:
    """The kind that an answer is of: by the code of its failure, or `rated`."""
    if code == "rated":
        return "rated"
    if code == NoFace.code:
        return "no-face"
    return "failed" if code in (INTERNAL.code, TIMED_OUT.code) else "refused"
