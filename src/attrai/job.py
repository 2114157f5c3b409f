"""The job that travels through attrai, and its JSON message format. Read this file first.

A photo is a `Job`. Five stages, each with its own queue, process it in this order:

    ingest   source bytes -> the upright photo, a JPEG without metadata
    detect   photo        -> one `Face` per face, and their aligned crops; a photo on its side
                             or upside down is turned
    score    crops        -> one `Score` per face, but none for one that looks like a minor's
    render   photo, faces -> the picture with boxes and scores
    deliver  picture      -> the answer; all files of the job are deleted

A message carries one `Job` as JSON and never image bytes: images are in the photo store
under the job's id. A stage returns the job with its results added. A stage that can't
continue attaches a `Failure` and sends the job straight to deliver, so every job ends in
exactly one answer.

The photo that ingest forwards is within the limits and of a known size, but its pixels may not
have been decoded yet: most JPEGs only lose their metadata. A damaged one fails in detect.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

StageName = Literal["ingest", "detect", "score", "render", "deliver"]
STAGES: tuple[StageName, ...] = get_args(StageName)

#: Versions of the message format. There is a new one whenever workers of the previous version could
#: not process the new messages. A new field that they may leave alone needs no new version: they
#: keep it and pass it on. Version 2 is a job with a face that has no score.
Version = Literal[1, 2]
VERSIONS: tuple[Version, ...] = get_args(Version)

#: The names that a channel may have, as a regular expression.
CHANNEL_NAME = r"^[a-z]+$"

Seconds = Annotated[float, Field(ge=0)]


class UnreadableMessage(Exception):
    """Raised for a message that isn't a job of this version.

    `ref` identifies the job if enough of the message was readable to answer its sender.
    """

    def __init__(self, reason: str, ref: JobRef | None) -> None:
        super().__init__(reason)
        self.ref = ref


class UnknownVersion(UnreadableMessage):
    """Raised for a job of another version, which a worker of that version can process."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


class Box(NamedTuple):
    """A rectangle in pixels of the upright photo."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        """The distance between the left and right edges, in pixels."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """The distance between the top and bottom edges, in pixels."""
        return self.y2 - self.y1


class Point(NamedTuple):
    """A position in pixels of the upright photo."""

    x: float
    y: float


class Face(_Frozen):
    """A detected face. Left and right are from the viewer's point of view."""

    #: It ends at the photo's edges, even if the face goes on beyond them.
    box: Box
    #: Left eye, right eye, nose, left mouth corner, right mouth corner. They may lie beyond the
    #: photo's edges.
    landmarks: tuple[Point, Point, Point, Point, Point]
    probability: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _box_has_an_area(self) -> Self:
        if self.box.width <= 0 or self.box.height <= 0:
            raise ValueError(f"the box {tuple(self.box)} is empty")
        return self


class Score(_Frozen):
    """The predicted ratings of one face: mean (`value`) and standard deviation (`spread`)."""

    value: float = Field(ge=1, le=10)
    spread: float = Field(ge=0, le=4.5)


class ScoredFace(_Frozen):
    """A face and its score, as passed to renderers."""

    face: Face
    #: None for a face that looks like a minor's, which gets no score.
    score: Score | None

    @property
    def minor(self) -> bool:
        """Whether the face looks like a minor's. That is an estimate, and no proof of age."""
        return self.score is None


def pair_scores(faces: Sequence[Face], scores: Sequence[Score | None]) -> tuple[ScoredFace, ...]:
    """Return each face with its score or None, in order."""
    return tuple(
        ScoredFace(face=face, score=score) for face, score in zip(faces, scores, strict=True)
    )


class Failure(_Frozen):
    """Why a job ended without a picture: a message key and the values of its placeholders."""

    code: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    details: dict[str, int | float | str] = {}


class Timing(_Frozen):
    """The seconds that a job waited for a stage and that the stage took."""

    stage: StageName
    waited: Seconds
    took: Seconds


class JobRef(BaseModel):
    """The fields of a job that never change between versions, enough to answer its sender."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Also the name of the job's folder, so only hexadecimal digits are allowed.
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    channel: str = Field(pattern=CHANNEL_NAME)
    #: Where to send the answer, in the channel's own format. Telegram's is sealed, because it names
    #: people; messages of earlier versions hold a dict of its ids.
    address: str | dict[str, str | int]
    #: A keyed hash or a constant, never a name or number that identifies the user to others.
    user: str = Field(min_length=1)
    locale: str = "en"
    #: Jobs with the same album are answered together if they are ready in time. A keyed hash too.
    album: str | None = None

    def failed(self, failure: Failure) -> Job:
        """Return a job whose only remaining work is to report `failure` to its user."""
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
    """A photo being processed. Ingest sets `size`, detect sets `faces`, score sets `scores`.

    Detect sets `size` anew, since it may turn the photo.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    #: Where to fetch the photo, in the channel's own format; Telegram's is sealed like `address`.
    source: str
    renderer: str
    #: Unix times in seconds at which the job was admitted and entered its current queue, by the
    #: clocks of those who sent it. Nothing is timed by them: the ledger knows a job's age.
    admitted_at: float
    queued_at: float
    #: Width and height of the stored photo in pixels.
    size: tuple[int, int] | None = None
    faces: tuple[Face, ...] = ()
    #: Number of faces detected; larger than `len(faces)` if there were too many to score.
    faces_found: int = Field(default=0, ge=0)
    #: None for a face that looks like a minor's.
    scores: tuple[Score | None, ...] = ()
    #: Follows from the scores.
    version: Version = Field(default=1, validate_default=True)
    failure: Failure | None = None
    #: Number of times that the answer was sent without a word whether it arrived.
    unconfirmed_sends: int = Field(default=0, ge=0)
    #: Number of times that the channel refused the photo, perhaps not for good.
    failed_fetches: int = Field(default=0, ge=0)
    #: Whether the answer was sent, which the ledger could not record yet.
    answered: bool = False
    #: The other jobs of the album that were answered with this one.
    together: tuple[Job, ...] = ()
    trace: tuple[Timing, ...] = ()

    @field_validator("version")
    @classmethod
    def _oldest_that_suffices(cls, _version: Version, others: ValidationInfo) -> Version:
        """Return the version that as many workers as possible can process during an update."""
        return 2 if None in others.data.get("scores", ()) else 1

    @model_validator(mode="after")
    def _scores_belong_to_faces(self) -> Self:
        if self.scores and len(self.scores) != len(self.faces):
            raise ValueError(f"{len(self.scores)} scores for {len(self.faces)} faces")
        return self

    def with_(self, **changes: Any) -> Job:
        """Return a copy with `changes` applied, validated like a new job."""
        return Job.model_validate({**dict(self), **changes})

    def as_admitted(self) -> Job:
        """Return the job without what the stages have found."""
        return self.with_(size=None, faces=(), faces_found=0, scores=(), trace=())

    @property
    def seconds(self) -> float:
        """The seconds from the job's admission to the end of the last stage in its trace."""
        return sum(timing.waited + timing.took for timing in self.trace)

    @property
    def scored_faces(self) -> tuple[ScoredFace, ...]:
        """The faces paired with their scores, left to right. Empty before the score stage."""
        return pair_scores(self.faces, self.scores) if self.scores else ()

    def to_message(self) -> dict[str, Any]:
        """Return the job as a dict of JSON-serialisable values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_message(cls, message: object) -> Job:
        """Return the job in a message.

        Raises:
            UnknownVersion: the message has another version.
            UnreadableMessage: the message isn't a job.
        """
        version = message.get("version") if isinstance(message, dict) else None
        if isinstance(version, int) and version not in VERSIONS:
            known = " or ".join(map(str, VERSIONS))
            raise UnknownVersion(f"version: {version} instead of {known}", _ref(message))
        try:
            return cls.model_validate(message)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in problem["loc"]) or "message"
            raise UnreadableMessage(f"{where}: {problem['msg']}", _ref(message)) from error


def _ref(message: object) -> JobRef | None:
    """Return the part of a message that is the same in all versions, if it is readable."""
    try:
        return JobRef.model_validate(message)
    except ValidationError:
        return None


def job_id(channel: str, *parts: str | int) -> str:
    """Return the id of the job that `parts` identify within `channel`.

    The id is a 128-bit BLAKE2b hash in hexadecimal: the same parts always give the same id.
    """
    name = "\0".join([channel, *map(str, parts)])
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
