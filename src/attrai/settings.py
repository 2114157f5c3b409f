"""The operator's settings: one frozen `Settings`, read once at start from `ATTRAI_*` variables.

They are in the environment, in secret files and, for the processes of the service, in `.env`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple
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

from attrai.env_file import find_env_file
from attrai.errors import SettingsError

EngineName = Literal["auto", "torch", "openvino"]
LogFormat = Literal["auto", "console", "json"]

PREFIX = "ATTRAI_"

#: Where Docker mounts secrets. The file `attrai_broker_url` holds the value of ATTRAI_BROKER_URL.
_SECRETS = Path("/run/secrets")

#: The schemes of the URLs that may hold a password. The other URLs are checked where they are used.
_SCHEMES = {"broker_url": ("amqp", "amqps"), "redis_url": ("redis", "rediss", "unix")}


class Settings(BaseSettings):
    """The settings of a process, each read from the variable ATTRAI_ plus its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        # It may be that of another program as well, and begin with a byte order mark.
        dotenv_filtering="only_existing",
        env_file_encoding="utf-8-sig",
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
    #: What finds the faces: an installed detector.
    detector: str = "mtcnn"
    #: What scores them: an installed scorer.
    scorer: str = "resnet34"
    #: The scorer's weights file; the packaged weights if not set.
    weights: FilePath | None = None
    #: Apparent age in years, as the scorer estimates it, below which a face gets no score; 0 for
    #: none. The default suits the packaged weights.
    minimum_age: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 18.5
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
    #: The secrets with which programs prove themselves to the HTTP interface, separated by commas.
    api_keys: Annotated[SecretStr | None, Field(repr=False)] = None
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    #: Lines of JSON or of text for people; "auto" is text on a terminal.
    log_format: LogFormat = "auto"

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Remove what editors, shells and `docker run --env-file` leave around a value."""
        trimmed = {name: trim(value) for name, value in values.items()}
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


class WrongSetting(NamedTuple):
    """A setting with an invalid value."""

    name: str
    #: The value, unless it is a secret or may contain one.
    value: object | None
    reason: str

    def __str__(self) -> str:
        value = "" if self.value is None else f"={self.value}"
        return f"{variable_of(self.name)}{value}: {self.reason}"


def load_settings(**given: str) -> Settings:
    """Return the settings from this process's environment and secret files.

    `.env` is not read: what works on files of others may run in their folder, whose `.env` could
    name other weights.

    Args:
        given: settings by name that take precedence, such as those of the command line.

    Raises:
        SettingsError: a variable has an invalid value, or a secret file can't be read.
    """
    return _load(None, given)


def load_service_settings(**given: str) -> Settings:
    """Return the settings of a process of the service, which are also read from `.env`.

    A variable of the environment takes precedence over one in the file, and this over a secret
    file.

    Args:
        given: as in `load_settings`.

    Raises:
        SettingsError: as in `load_settings`, or `.env` can't be used.
    """
    return _load(find_env_file(), given)


def _load(env_file: Path | None, given: Mapping[str, str]) -> Settings:
    settings, wrong = try_settings(env_file, given)
    if settings is None:
        first, *others = map(str, wrong)
        more = f" (`attrai config` shows {len(others)} more that are wrong)" if others else ""
        raise SettingsError(first + more)
    return settings


def try_settings(
    env_file: Path | None, given: Mapping[str, str] = MappingProxyType({})
) -> tuple[Settings | None, list[WrongSetting]]:
    """Return the settings, or all those that are wrong.

    Raises:
        SettingsError: a secret file can't be read.
    """
    try:
        # mypy doesn't know the argument, and the types, without pydantic's plugin.
        return Settings(_env_file=env_file, **given), []  # type: ignore[call-arg,arg-type]
    except ValidationError as error:
        return None, _wrong_settings(error)
    except pydantic_settings.SettingsError as error:  # a file in _SECRETS can't be read
        (name,) = re.findall(r'field "(\w+)"', str(error))
        reason = str(getattr(error.__cause__, "strerror", None) or "it is no text in UTF-8")
        raise SettingsError(f"{variable_of(name)}: its secret file: {reason}") from None


def _wrong_settings(error: ValidationError) -> list[WrongSetting]:
    """Return the settings that are wrong, each once."""
    wrong: dict[str, WrongSetting] = {}
    for problem in error.errors(include_url=False):
        name, reason = str(problem["loc"][0]), problem["msg"].removeprefix("Value error, ")
        # What is not to be shown may be a secret, or contain one.
        value = problem["input"] if Settings.model_fields[name].repr else None
        wrong.setdefault(name, WrongSetting(name, value, reason))
    return list(wrong.values())


def variable_of(name: str) -> str:
    """Return the variable of a setting."""
    return PREFIX + name.upper()


#: Why a URL can't be taken apart, or would be at the wrong place.
_QUOTE = "this is no URL; are marks in its password quoted, such as '[' as %5B and '@' as %40?"


def trim(value: object) -> object:
    """Return a string without blanks, a byte order mark and a pair of quotes around it."""
    if not isinstance(value, str):
        return value
    text = value.strip().strip("\ufeff").strip()
    if text[:1] in ('"', "'") and text[:1] == text[-1:]:
        text = text[1:-1].strip()
    return text
