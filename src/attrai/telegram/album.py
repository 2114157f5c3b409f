"""The one caption that answers an album: its photos ranked, and why some are missing."""

from __future__ import annotations

from collections.abc import Sequence

from attrai.channels import Member
from attrai.job import Job
from attrai.locales import text
from attrai.telegram.address import Address
from attrai.telegram.answer_texts import failure_text
from attrai.telegram.limits import shorten

#: Number of a photo's scores in the caption, the highest first.
_SCORES = 5


def in_order(addressed: Sequence[tuple[Address, Member]]) -> list[tuple[Address, Member]]:
    """Return photos and where their answers go in the order of their messages, numbered anew."""
    places = sorted(member.place for _, member in addressed)
    ordered = sorted(addressed, key=lambda found: found[0].message or 0)
    return [
        (address, member._replace(place=place))
        for place, (address, member) in zip(places, ordered, strict=True)
    ]


def album_caption(members: Sequence[Member], limit: int) -> str:
    """Return the caption of an album in its user's language, cut to `limit` characters.

    Photos are ranked by their highest score. Below stand those without one, and reasons, each once.
    """
    locale = members[0].job.locale
    rated = [member for member in members if member.job.failure is None]
    ranked = sorted(filter(_best, rated), key=lambda member: -_best(member))
    lines = [_item([member], _scores(member.job), locale) for member in ranked]
    if len(ranked) > 1:
        lines = [f"{rank}. {line}" for rank, line in enumerate(lines, 1)]
    unscored = [member for member in rated if not _best(member)]
    if unscored:
        lines.append(_item(unscored, text("no-score", locale), locale))
    if minors := sum(member.job.scores.count(None) for member in rated):
        lines.append(text("minors", locale, count=minors))
    reasons: dict[str, list[Member]] = {}
    for member in members:
        if reason := _reason(member.job):
            reasons.setdefault(reason, []).append(member)
    lines += [_item(about, reason, locale) for reason, about in reasons.items()]
    return shorten("\n".join(lines), limit)


def _item(about: Sequence[Member], words: str, locale: str) -> str:
    which = ", ".join(text("album-photo", locale, number=member.place) for member in about)
    return text("album-item", locale, which=which, words=words)


def _best(member: Member) -> float:
    """Return the highest score of a photo, or 0."""
    return max((score.value for score in member.job.scores if score), default=0)


def _scores(job: Job) -> str:
    known = sorted((score.value for score in job.scores if score), reverse=True)
    items = [text("rated-item", job.locale, score=value) for value in known[:_SCORES]]
    return "; ".join(items) + ("…" if len(known) > _SCORES else "")


def _reason(job: Job) -> str | None:
    """Return why a photo has no picture, or why faces on it have no box."""
    if job.failure is not None:
        return failure_text(job.failure, job.locale)
    if job.faces_found > len(job.scores):
        counts = {"found": job.faces_found, "shown": len(job.scores)}
        return text("faces-left-out", job.locale, **counts)
    return None
