"""What the answer to a photo says: the scores under its picture, or why there is none."""

from __future__ import annotations

from attrai.errors import INTERNAL
from attrai.job import Failure, Job
from attrai.locales import text
from attrai.telegram.limits import CAPTION, shorten


def caption(job: Job) -> str:
    """Return a job's scores as a caption in the user's language.

    A long list of scores is cut so that the caption fits.
    """
    locale, scores = job.locale, job.scores
    known = [score for score in scores if score]
    more = ""
    if job.faces_found > len(scores):
        more += "\n" + text("faces-left-out", locale, found=job.faces_found, shown=len(scores))
    if scores and not known:
        return text("only-minors", locale, count=len(scores)) + more
    if minors := len(scores) - len(known):
        more += "\n" + text("minors", locale, count=minors)
    items = [
        text("rated-item", locale, score=score.value) if score else text("no-score", locale)
        for score in scores
    ]
    if len(scores) == 1:
        words = text("rated-one", locale, score=known[0].value)
    else:
        words = text("rated-many", locale, count=len(scores), scores="; ".join(items))
    return shorten(words, CAPTION - len(more)) + more


def failure_text(failure: Failure, locale: str) -> str:
    """Return why there is no picture, in the user's language."""
    try:
        return text(failure.code, locale, **failure.details)
    except KeyError:  # the failure comes from a worker of another version
        return text(INTERNAL.code, locale)
