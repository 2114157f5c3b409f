"""What the HTTP interface answers, and its description as OpenAPI."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from attrai.api.photos import Found
from attrai.api.problems import Problem
from attrai.api.uploads import FIELD
from attrai.job import Box, Point, ScoredFace
from attrai.locales import locales
from attrai.render import renderer_names

#: Maximum seconds that a request may wait for a result.
MAX_WAIT_SECONDS = 60
#: What an `Idempotency-Key` may be.
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
ID_PATTERN = "^[0-9a-f]{32}$"


class FaceDocument(BaseModel):
    """A face. Boxes and landmarks are in pixels of the picture's `size`."""

    box: Box = Field(description="Left, top, right, bottom.")
    landmarks: tuple[Point, Point, Point, Point, Point] = Field(
        description="Left eye, right eye, nose, left and right mouth corner, as one sees them."
    )
    probability: float = Field(description="How sure it is that this is a face.")
    minor: bool = Field(description="Whether the face looks like a child's, and has no score.")
    score: float | None = Field(description="From 1 to 10; null for a minor.")
    spread: float | None = Field(description="The raters' standard deviation; null for a minor.")

    @classmethod
    def of(cls, scored: ScoredFace) -> FaceDocument:
        """Return the document of a face."""
        return cls(
            box=scored.face.box,
            landmarks=scored.face.landmarks,
            probability=scored.face.probability,
            minor=scored.minor,
            score=scored.score.value if scored.score else None,
            spread=scored.score.spread if scored.score else None,
        )


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    title: str
    status: int
    code: str = Field(description="Tells programs what is wrong.")
    detail: str = Field(description="Tells people what is wrong.")


class LinkDocument(BaseModel):
    """Where to ask for a photo, and for its picture."""

    self: str
    picture: str


class PhotoDocument(BaseModel):
    """A photo. Those of its fields that are not known yet are null or empty."""

    id: str
    state: Literal["pending", "done", "failed"]
    eta_seconds: float | None = Field(description="The estimated seconds until the result.")
    renderer: str
    size: tuple[int, int] | None = Field(description="Width and height of the upright photo.")
    faces_found: int = Field(description="More than there are faces if there were too many.")
    faces: list[FaceDocument] = Field(description="From left to right.")
    problem: ProblemDocument | None = Field(description="Why a photo failed.")
    links: LinkDocument

    @classmethod
    def of(cls, found: Found, locale: str) -> PhotoDocument:
        """Return the document of a photo."""
        job, failure = found.job, found.job.failure if found.done else None
        problem = Problem.of(failure).content(locale) if failure else None
        path = f"/v1/photos/{job.id}"
        return cls(
            id=job.id,
            state="failed" if failure else "done" if found.done else "pending",
            eta_seconds=None if found.done else round(found.eta, 2),
            renderer=job.renderer,
            size=job.size,
            faces_found=job.faces_found,
            faces=[FaceDocument.of(scored) for scored in job.scored_faces],
            problem=ProblemDocument.model_validate(problem) if problem else None,
            links=LinkDocument(self=path, picture=f"{path}/picture"),
        )


def openapi(limit_mb: int, *, keys: bool) -> dict[str, Any]:
    """Return the description of the interface.

    Args:
        limit_mb: the maximum size of a photo.
        keys: whether API keys are asked for.
    """
    models = (PhotoDocument, ProblemDocument)
    _, schemas = models_json_schema(
        [(model, "serialization") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    components: dict[str, Any] = {"schemas": schemas["$defs"]}
    if keys:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "attrai",
            "version": version("attrai"),
            "description": "Finds the faces on a photo, scores each from 1 to 10 and draws the "
            "result. A result is deleted when its picture is fetched, or after five minutes.",
        },
        "paths": _paths(limit_mb),
        "components": components,
        "security": [{"key": []}] if keys else [],
    }


def _paths(limit_mb: int) -> dict[str, Any]:
    photo = _content("application/json", {"$ref": "#/components/schemas/PhotoDocument"})
    picture = _content("image/jpeg", {"type": "string", "format": "binary"})
    file = {"type": "string", "format": "binary", "minLength": 1}
    form = {
        "type": "object",
        "properties": {FIELD: file},
        "required": [FIELD],
        "additionalProperties": False,
    }
    id_ = _parameter("id", "path", {"type": "string", "pattern": ID_PATTERN})
    wait = _parameter(
        "wait",
        "query",
        {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_SECONDS, "default": 0},
        "Seconds to wait for the result.",
    )
    language = _parameter(
        "Accept-Language", "header", {"type": "string"}, "The language of errors."
    )
    return {
        "/v1/photos": {
            "post": {
                "operationId": "sendPhoto",
                "summary": f"Send a photo of up to {limit_mb} MB",
                "description": "With `wait` the answer is the result: the picture, or with "
                "`Accept: application/json` the faces.",
                "parameters": [
                    _parameter("renderer", "query", {"enum": renderer_names(), "default": "boxes"}),
                    _parameter("locale", "query", {"enum": list(locales())}),
                    wait,
                    _parameter(
                        "Idempotency-Key",
                        "header",
                        {"type": "string", "pattern": KEY_PATTERN},
                        "Names the photo, so that it is taken once however often it is sent.",
                    ),
                    language,
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {"schema": form},
                        "image/*": {"schema": file},
                        "application/octet-stream": {"schema": file},
                    },
                },
                "responses": {
                    "200": {"description": "The result", "content": {**photo, **picture}},
                    "202": {
                        "description": "The photo is being processed",
                        "content": photo,
                        "headers": {"Location": {"schema": {"type": "string"}}},
                        "links": {
                            name: {
                                "operationId": name,
                                "parameters": {"id": "$response.body#/id"},
                            }
                            for name in ("getPhoto", "getPicture", "deletePhoto")
                        },
                    },
                    **_problems(400, 401, 408, 409, 410, 413, 415, 422, 429, 500, 503, 504),
                },
            }
        },
        "/v1/photos/{id}": {
            "get": {
                "operationId": "getPhoto",
                "summary": "Ask what became of a photo",
                "parameters": [id_, wait, language],
                "responses": {
                    "200": {"description": "The photo", "content": photo},
                    **_problems(400, 401, 404, 422, 500, 503),
                },
            },
            "delete": {
                "operationId": "deletePhoto",
                "summary": "Cancel a photo, or delete its result",
                "parameters": [id_, language],
                "responses": {
                    "204": {"description": "It is gone"},
                    **_problems(400, 401, 404, 409, 422, 500, 503),
                },
            },
        },
        "/v1/photos/{id}/picture": {
            "get": {
                "operationId": "getPicture",
                "summary": "Fetch the picture, which is deleted then",
                "parameters": [id_, wait, language],
                "responses": {
                    "200": {"description": "The picture", "content": picture},
                    **_problems(400, 401, 404, 409, 413, 415, 422, 500, 503, 504),
                },
            }
        },
    }


def _content(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {media_type: {"schema": schema}}


def _parameter(
    name: str, place: str, schema: dict[str, Any], description: str = ""
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": schema,
        **({"description": description} if description else {}),
    }


def _problems(*statuses: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        str(status): {
            "description": "See `code`",
            "content": _content("application/problem+json", schema),
        }
        for status in statuses
    }
