"""The operator's settings: one frozen `Settings`, read once at start from `ATTRAI_*` variables."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from attrai.errors import SettingsError

EngineName = Literal["auto", "torch", "openvino"]

_PREFIX = "ATTRAI_"

#: Where Docker mounts secrets. The file `attrai_broker_url` holds the value of ATTRAI_BROKER_URL.
_SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """The settings of a process, each read from the variable ATTRAI_ plus its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        secrets_dir=_SECRETS if _SECRETS.is_dir() else None,
    )

    #: Maximum size of a photo's file, in millions of bytes.
    max_file_mb: Annotated[int, Field(ge=1, le=100)] = 20
    #: Maximum size of a photo to decode, in millions of pixels.
    max_megapixels: Annotated[int, Field(ge=1, le=500)] = 50
    #: Minimum length of a photo's shorter side, in pixels.
    min_photo_side: Annotated[int, Field(ge=16, le=1024)] = 64
    #: Photos whose longer side exceeds this many pixels are scaled down to it.
    max_photo_side: Annotated[int, Field(ge=320, le=4096)] = 1280
    #: Side of the smallest face to look for, in pixels of the scaled photo.
    min_face_side: Annotated[int, Field(ge=20, le=1000)] = 40
    #: Maximum number of faces to score per photo. If there are more, the largest are scored.
    max_faces: Annotated[int, Field(ge=1, le=200)] = 50
    #: The inference engine; "auto" selects the fastest that is installed.
    engine: EngineName = "auto"
    #: The scorer's weights file; the packaged weights if not set.
    weights: FilePath | None = None
    #: RabbitMQ's URL: amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps:// for TLS.
    broker_url: SecretStr = SecretStr("amqp://localhost:5672")
    #: Redis's URL: redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS.
    redis_url: SecretStr = SecretStr("redis://localhost:6379/0")
    #: Where photos are stored between stages: file:// or s3://, the same for all stages.
    photos_url: str = "file:///var/lib/attrai/photos"
    #: Graylog's GELF input, as tcp://HOST:PORT or tls://HOST:PORT; not used if not set.
    gelf_url: str | None = None
    #: Maximum number of photos in flight per user. A Telegram album holds up to 10.
    max_active: Annotated[int, Field(ge=1)] = 10
    #: Maximum number of photos in flight in total.
    max_pending: Annotated[int, Field(ge=1)] = 5000
    #: Seconds after which an unanswered photo fails and its user is sent a failure message.
    job_seconds: Annotated[int, Field(ge=10)] = 1800
    #: The bot's token, as issued by @BotFather.
    telegram_token: SecretStr | None = None
    #: The Bot API server: Telegram's, a self-hosted one, or the sandbox.
    telegram_api_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+[^?#]*$")] = (
        "https://api.telegram.org"
    )
    #: TCP port, on all interfaces, from which Prometheus scrapes this process's metrics over HTTP.
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    #: Telegram ids of the users who may use /admin, separated by commas.
    admins: Annotated[frozenset[int] | None, NoDecode, Field(repr=False)] = None
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    @field_validator("admins", mode="before")
    @classmethod
    def _split(cls, numbers: object) -> object:
        return numbers.split(",") if isinstance(numbers, str) else numbers

    @field_validator("engine")
    @classmethod
    def _engine_is_installed(cls, engine: EngineName) -> EngineName:
        if engine != "auto" and find_spec(engine) is None:
            raise ValueError(f"the package {engine} is not installed")
        return engine


def load_settings() -> Settings:
    """Return the settings from this process's environment and secret files.

    Raises:
        SettingsError: a variable has an invalid value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        variable = _PREFIX + str(problem["loc"][0]).upper()
        raise SettingsError(f"{variable}={problem['input']}: {problem['msg']}") from error
