"""The operator's settings: one frozen `Settings`, read once at start from `ATTRAI_*` variables."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import pydantic_settings
from pydantic import (
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from attrai.errors import SettingsError

EngineName = Literal["auto", "torch", "openvino"]

_PREFIX = "ATTRAI_"

#: Where Docker mounts secrets. The file `attrai_broker_url` holds the value of ATTRAI_BROKER_URL.
_SECRETS = Path("/run/secrets")

#: The schemes of the URLs that may hold a password. The other URLs are checked where they are used.
_SCHEMES = {"broker_url": ("amqp", "amqps"), "redis_url": ("redis", "rediss", "unix")}


class Settings(BaseSettings):
    """The settings of a process, each read from the variable ATTRAI_ plus its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
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
    #: The inference engine; "auto" selects torch if it can use a GPU, else OpenVINO.
    engine: EngineName = "auto"
    #: The scorer's weights file; the packaged weights if not set.
    weights: FilePath | None = None
    #: Apparent age in years, as the scorer estimates it, below which a face gets no score; 0 for
    #: none. The default suits the packaged weights.
    minimum_age: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 16.0
    #: RabbitMQ's URL: amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps:// for TLS.
    broker_url: Annotated[SecretStr, Field(repr=False)] = SecretStr("amqp://localhost:5672")
    #: Redis's URL: redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS.
    redis_url: Annotated[SecretStr, Field(repr=False)] = SecretStr("redis://localhost:6379/0")
    #: Where photos are stored between stages: file:// or s3://, the same for all stages.
    photos_url: Annotated[str, Field(repr=False)] = "file:///var/lib/attrai/photos"
    #: Graylog's GELF input, as tcp://HOST:PORT or tls://HOST:PORT; not used if not set.
    gelf_url: Annotated[str | None, Field(repr=False)] = None
    #: Maximum number of photos in flight per user. A Telegram album holds up to 10.
    max_active: Annotated[int, Field(ge=1)] = 10
    #: Maximum number of photos in flight in total.
    max_pending: Annotated[int, Field(ge=1)] = 5000
    #: Seconds after which an unanswered photo fails and its user is sent a failure message.
    job_seconds: Annotated[int, Field(ge=10)] = 1800
    #: The bot's token, as issued by @BotFather.
    telegram_token: Annotated[SecretStr | None, Field(repr=False)] = None
    #: The Bot API server: Telegram's, a self-hosted one, or the sandbox.
    telegram_api_url: Annotated[str, Field(pattern=r"^https?://[^/?#]+[^?#]*$", repr=False)] = (
        "https://api.telegram.org"
    )
    #: Where Telegram is to send updates; the bot polls for them if not set.
    webhook_url: Annotated[
        str | None, Field(pattern=r"^https?://[^/?#]+(/[^?#]*)?$", repr=False)
    ] = None
    #: TCP port, on all interfaces, on which the bot waits for Telegram or for a proxy before it.
    webhook_port: Annotated[int, Field(ge=1, le=65_535)] = 8080
    #: The webhook's certificate, a file in PEM; plain HTTP, for a proxy, if not set.
    webhook_cert: FilePath | None = None
    #: The key of the certificate, unless it is in the same file.
    webhook_key: FilePath | None = None
    #: TCP port, on all interfaces, from which Prometheus scrapes this process's metrics over HTTP.
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    #: Telegram ids of the users who may use /admin, separated by commas.
    admins: Annotated[frozenset[int] | None, NoDecode, Field(repr=False)] = None
    #: Telegram ids of the users and chats who may use the bot, separated by commas; everyone if not
    #: set. Those of the users and chats who may not.
    allowed: Annotated[frozenset[int] | None, NoDecode, Field(repr=False)] = None
    blocked: Annotated[frozenset[int] | None, NoDecode, Field(repr=False)] = None
    #: Whether the bot answers in groups.
    groups: Literal["on", "off"] = "on"
    #: Maximum number of a user's photos that are rated in 24 hours.
    daily: Annotated[int, Field(ge=1)] | None = None
    #: What everyone but admins is told instead of an answer, while it is set.
    maintenance: Annotated[str, Field(max_length=1000)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Remove what editors, shells and `docker run --env-file` leave around a value."""
        trimmed = {name: _trimmed(value) for name, value in values.items()}
        return {name: value for name, value in trimmed.items() if value != ""}

    @field_validator(
        "broker_url", "redis_url", "photos_url", "gelf_url", "telegram_api_url", "webhook_url"
    )
    @classmethod
    def _is_url(cls, url: SecretStr | str | None, info: ValidationInfo) -> SecretStr | str | None:
        """Check what later steps rely on. The error must not repeat the URL."""
        if url is None:
            return url
        text = url.get_secret_value() if isinstance(url, SecretStr) else url
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018 - raises ValueError if it is no number
        except ValueError:
            raise ValueError(_QUOTE) from None
        schemes = _SCHEMES.get(str(info.field_name))
        if schemes:
            if parts.scheme not in schemes:
                raise ValueError(f"it must begin with {' or '.join(f'{s}://' for s in schemes)}")
            if parts.fragment or "@" in f"{parts.path}{parts.query}":
                raise ValueError(_QUOTE)
        return url

    @field_validator("admins", "allowed", "blocked", mode="before")
    @classmethod
    def _split(cls, numbers: object) -> object:
        return numbers.split(",") if isinstance(numbers, str) else numbers

    @field_validator("webhook_url")
    @classmethod
    def _webhook_is_installed(cls, url: str | None) -> str | None:
        if url is not None and find_spec("uvicorn") is None:
            raise ValueError("a webhook needs more packages: pip install 'attrai[webhook]'")
        return url

    @field_validator("engine")
    @classmethod
    def _engine_is_installed(cls, engine: EngineName) -> EngineName:
        if engine == "torch" and find_spec("torch") is None:
            raise ValueError("torch is not installed: pip install 'attrai[torch]'")
        return engine


def load_settings() -> Settings:
    """Return the settings from this process's environment and secret files.

    Raises:
        SettingsError: a variable has an invalid value, or a secret file can't be read.
    """
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name, reason = str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")
        # What is not to be shown may be a secret, or contain one.
        value = f"={problem['input']}" if Settings.model_fields[name].repr else ""
        raise SettingsError(f"{_variable(name)}{value}: {reason}") from error
    except pydantic_settings.SettingsError as error:  # a file in _SECRETS can't be read
        (name,) = re.findall(r'field "(\w+)"', str(error))
        reason = str(getattr(error.__cause__, "strerror", None) or "it is no text in UTF-8")
        raise SettingsError(f"{_variable(name)}: its secret file: {reason}") from None


def _variable(name: str) -> str:
    return _PREFIX + name.upper()


#: Why a URL can't be taken apart, or would be at the wrong place.
_QUOTE = "this is no URL; are marks in its password quoted, such as '[' as %5B and '@' as %40?"


def _trimmed(value: object) -> object:
    """Return a string without blanks, a byte order mark and a pair of quotes around it."""
    if not isinstance(value, str):
        return value
    text = value.strip().strip("\ufeff").strip()
    if text[:1] in ('"', "'") and text[:1] == text[-1:]:
        text = text[1:-1].strip()
    return text
