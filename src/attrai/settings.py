"""What an operator can set: one frozen `Settings`, read from `ATTRAI_*` once at start."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from attrai.errors import SettingsError

EngineName = Literal["auto", "torch", "openvino"]

_PREFIX = "ATTRAI_"

#: Where Docker puts secrets: a file `attrai_broker_url` holds the value of ATTRAI_BROKER_URL.
_SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """The settings of one process; each is the variable ATTRAI_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        secrets_dir=_SECRETS if _SECRETS.is_dir() else None,
    )

    #: The largest file that is read, in millions of bytes.
    max_file_mb: Annotated[int, Field(ge=1, le=100)] = 20
    #: The largest photo that is decoded, in millions of pixels.
    max_megapixels: Annotated[int, Field(ge=1, le=500)] = 50
    #: The least shorter side of a photo, in pixels.
    min_photo_side: Annotated[int, Field(ge=16, le=1024)] = 64
    #: A photo's longer side is brought down to this many pixels.
    max_photo_side: Annotated[int, Field(ge=320, le=4096)] = 1280
    #: Side of the smallest face to look for, in pixels of the photo so brought down.
    min_face_side: Annotated[int, Field(ge=20, le=1000)] = 40
    #: With more faces than this on a photo the largest are scored.
    max_faces: Annotated[int, Field(ge=1, le=200)] = 50
    #: What computes the networks; auto takes the fastest that is present.
    engine: EngineName = "auto"
    #: The scorer's weights; the packaged ones when not set.
    weights: FilePath | None = None
    #: RabbitMQ, as amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps:// for TLS.
    broker_url: SecretStr = SecretStr("amqp://localhost:5672")
    #: Redis, as redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS.
    redis_url: SecretStr = SecretStr("redis://localhost:6379/0")
    #: Where photos lie between the stages, the same for all of them: file:// or s3://.
    photos_url: str = "file:///var/lib/attrai/photos"
    #: Graylog's GELF input, as tcp://HOST:PORT or tls://HOST:PORT; none when not set.
    gelf_url: str | None = None
    #: How many photos of one user may be in flight; an album of Telegram's has up to 10.
    max_active: Annotated[int, Field(ge=1)] = 10
    #: How many photos may be in flight in all.
    max_pending: Annotated[int, Field(ge=1)] = 5000
    #: A photo that is not answered after so many seconds is given up, with an apology.
    job_seconds: Annotated[int, Field(ge=10)] = 1800
    #: The bot's token, as @BotFather gives it.
    telegram_token: SecretStr | None = None
    #: The Bot API's server: Telegram's, one of your own, or the sandbox.
    telegram_api_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+[^?#]*$")] = (
        "https://api.telegram.org"
    )
    #: Where Prometheus reads, by HTTP on all interfaces, what this process counts.
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    #: Telegram's numbers of those whom the bot answers /admin, with commas between them.
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
    """The settings of this process's environment.

    Raises:
        SettingsError: a variable holds an unusable value.
    """
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        variable = _PREFIX + str(problem["loc"][0]).upper()
        raise SettingsError(f"{variable}={problem['input']}: {problem['msg']}") from error
