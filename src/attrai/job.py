"""What travels through attrai. Read this file first.

A photo is a `Job`. Five stages, one queue each, hand it on in this order:

    ingest   source bytes -> the verified, upright photo
    detect   photo        -> `Face` per face, and their aligned crops
    score    crops        -> `Score` per face
    render   photo, faces -> the picture with boxes and scores
    deliver  picture      -> its answer, then nothing of the job is left

A message carries one `Job` as JSON and never image bytes: those lie in the photo store
under the job's id. A stage returns the job with what it found added to it. A stage that
can't go on attaches a `Failure` and sends the job straight to deliver, so that every job
ends in exactly one answer.
"""

from __future__ import annotations

import hashlib
import time
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

StageName = Literal["ingest", "detect", "score", "render", "deliver"]
STAGES: tuple[StageName, ...] = get_args(StageName)

#: Raised by one whenever a worker of the version before could not read the message.
VERSION: Literal[1] = 1

Seconds = Annotated[float, Field(ge=0)]


class UnreadableMessage(Exception):
    """A message is no job of this version; `ref` is set when its sender can be answered."""

    def __init__(self, reason: str, ref: JobRef | None) -> None:
        super().__init__(reason)
        self.ref = ref


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Box(NamedTuple):
    """A rectangle in pixels of the upright photo; it may reach over the photo's edge."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        """From the left edge to the right, in pixels."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """From the upper edge to the lower, in pixels."""
        return self.y2 - self.y1


class Point(NamedTuple):
    """A place in pixels of the upright photo."""

    x: float
    y: float


class Face(_Frozen):
    """A face that detect found. Left and right are the viewer's."""

    box: Box
    #: Left eye, right eye, nose, left and right corner of the mouth.
    landmarks: tuple[Point, Point, Point, Point, Point]
    probability: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _box_has_an_area(self) -> Self:
        if self.box.width <= 0 or self.box.height <= 0:
            raise ValueError(f"the box {tuple(self.box)} is empty")
        return self


class Score(_Frozen):
    """The predicted ratings of one face: their mean and standard deviation."""

    value: float = Field(ge=1, le=10)
    spread: float = Field(ge=0, le=4.5)


class ScoredFace(_Frozen):
    """What a renderer gets for each face."""

    face: Face
    score: Score


class Failure(_Frozen):
    """Why a job ended without a picture: the key of a text and what the text mentions."""

    code: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    details: dict[str, int | float | str] = {}


class Timing(_Frozen):
    """How long a job waited for a stage and how long the stage took."""

    stage: StageName
    waited: Seconds
    took: Seconds


class JobRef(BaseModel):
    """The part of a job that no version changes: enough to answer whoever sent it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Also the name of the job's folder, hence nothing but hexadecimal digits.
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    channel: str = Field(pattern=r"^[a-z]+$")
    #: Where the answer goes, in the channel's own terms.
    address: dict[str, str | int]
    #: A keyed hash or a constant, never a name or a number that others know the user by.
    user: str = Field(min_length=1)
    locale: str = "en"

    def failed(self, failure: Failure) -> Job:
        """A job that has nothing left but to tell its user of the failure."""
        now = time.time()
        return Job(
            **{name: getattr(self, name) for name in JobRef.model_fields},
            source="",
            renderer="",
            admitted_at=now,
            queued_at=now,
            failure=failure,
        )


class Job(JobRef):
    """One photo on its way. Ingest sets `size`, detect `faces`, score `scores`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = VERSION
    #: Where the photo comes from, in the channel's own terms.
    source: str
    renderer: str
    #: Unix time in seconds.
    admitted_at: float
    #: Unix time at which the job was put into the queue that it is in.
    queued_at: float
    #: Width and height of the stored photo in pixels.
    size: tuple[int, int] | None = None
    faces: tuple[Face, ...] = ()
    #: How many faces detect found; more than `faces` holds when there were too many.
    faces_found: int = Field(default=0, ge=0)
    scores: tuple[Score, ...] = ()
    failure: Failure | None = None
    trace: tuple[Timing, ...] = ()

    @model_validator(mode="after")
    def _scores_belong_to_faces(self) -> Self:
        if self.scores and len(self.scores) != len(self.faces):
            raise ValueError(f"{len(self.scores)} scores for {len(self.faces)} faces")
        return self

    def with_(self, **changes: Any) -> Job:
        """A copy with `changes`, validated like a new job."""
        return Job.model_validate({**dict(self), **changes})

    @property
    def scored_faces(self) -> tuple[ScoredFace, ...]:
        """The faces with their scores, left to right; empty before the score stage."""
        return tuple(
            ScoredFace(face=face, score=score)
            for face, score in zip(self.faces, self.scores, strict=False)
        )

    def to_message(self) -> dict[str, Any]:
        """The job as JSON-ready values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_message(cls, message: object) -> Job:
        """The job that a message carries.

        Raises:
            UnreadableMessage: the message is of another version, or no job at all.
        """
        try:
            return cls.model_validate(message)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in problem["loc"]) or "message"
            try:
                ref = JobRef.model_validate(message)
            except ValidationError:
                ref = None
            raise UnreadableMessage(f"{where}: {problem['msg']}", ref) from error


def job_id(channel: str, *parts: str | int) -> str:
    """The id of the job for what `parts` name in `channel`: the same parts, the same job."""
    name = "\0".join([channel, *map(str, parts)])
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
