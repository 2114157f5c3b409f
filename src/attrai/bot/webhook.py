"""The webhook: has Telegram post updates here, and has each handled before it is answered."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from telebot import types

from attrai.bot.connection import Connection, ShuttingDown
from attrai.bot.handling import HandledUpdates, handle
from attrai.bot.request_types import Request
from attrai.bot.updates import UpdateParser
from attrai.bot.webhook_server import THREADS, WebhookServer
from attrai.errors import CannotStart, SettingsError, TryLater
from attrai.lifecycle.shutdown import Shutdown
from attrai.settings import Settings
from attrai.telegram import Rejected, Telegram
from attrai.telegram.opening import open_webhook_secret
from attrai.telegram.webhooks import certificate_to_upload

log = structlog.get_logger(__name__)

#: Maximum seconds to wait after an update until its messages are sent.
_FLUSH_SECONDS = 3.0
#: Seconds between questions whether Telegram reaches this webhook.
_CHECK_SECONDS = 60.0


class Webhook:
    """A bot's end of its webhook. Several bots may share one."""

    def __init__(
        self,
        settings: Settings,
        telegram: Telegram,
        shutdown: Shutdown,
        handled: HandledUpdates,
        *,
        on_heartbeat: Callable[[], None],
    ) -> None:
        """Prepare to serve.

        Args:
            settings: where the webhook is, and its certificate.
            telegram: the client to set the webhook with.
            shutdown: ends the server once the requests in progress are answered.
            handled: the updates that were handled, here or by another bot.
            on_heartbeat: called every few seconds while updates can be handled, and before each
                call to Telegram at the start.

        Raises:
            SettingsError: the certificate can't be read.
        """
        self._settings = settings
        self._telegram = telegram
        self._shutdown = shutdown
        self._handled = handled
        self._on_heartbeat = on_heartbeat
        self._connection = Connection(shutdown, on_heartbeat)
        self._url = str(settings.webhook_url)
        self._secret = open_webhook_secret(settings)
        self._certificate = _own_certificate(settings)
        self._server: WebhookServer | None = None
        #: When Telegram last failed to send an update, as a Unix time.
        self._failed_at = 0

    @property
    def unconfirmed(self) -> bool:
        """Whether an update is being handled whose sender waits for the answer."""
        return self._server is not None and self._server.in_progress > 0

    def wait_for_account(self) -> types.User | None:
        """Return the bot's account once Telegram can be reached, or None after a shutdown.

        Raises:
            TokenRefused: Telegram does not accept the token.
        """
        try:
            return self._connection.until_answered(self._telegram.me)
        except ShuttingDown:
            return None

    def run(
        self,
        parser: UpdateParser,
        receive: Callable[[Request], None],
        flush: Callable[[float], None],
    ) -> None:
        """Serve until a shutdown is requested. The webhook stays set: updates wait at Telegram.

        Args:
            parser: parses updates into requests, in several threads at a time.
            receive: handles a request, likewise. If it raises because of an outage, Telegram sends
                the update again.
            flush: waits up to the given number of seconds until an update's messages are sent.

        Raises:
            CannotStart: the port is not available.
            SettingsError: the certificate can't be used, or Telegram refuses the webhook.
            TokenRefused: Telegram no longer accepts the token.
        """

        def handle_once(update: Any) -> None:
            if update not in self._handled:
                handle(update, parser, receive)
                flush(_FLUSH_SECONDS)
                self._handled.add(update)

        settings, path = self._settings, urlsplit(self._url).path or "/"
        self._server = WebhookServer(path, self._secret, handle_once, self._on_heartbeat)
        listener = _listen(settings.webhook_port)
        try:
            with self._server.running(listener, settings.webhook_cert, settings.webhook_key):
                self._connection.until_answered(self._set)
                while not self._shutdown.wait(_CHECK_SECONDS):
                    self._check()
        except ShuttingDown:
            pass
        except OSError as error:
            raise SettingsError(
                f"ATTRAI_WEBHOOK_CERT: no certificate with its key: {error}"
            ) from None
        finally:
            listener.close()

    def _set(self) -> bool:
        try:
            return self._telegram.updates.set_webhook(
                self._url, self._secret, self._certificate, THREADS
            )
        except Rejected as rejected:
            raise SettingsError(f"ATTRAI_WEBHOOK_URL: Telegram answers: {rejected}") from None

    def _check(self) -> None:
        """Log why Telegram can't send updates here, and set the webhook again if it is gone."""
        try:
            info = self._telegram.updates.webhook()
            if info.url != self._url:
                log.error("another program changed this bot's webhook: it is set again")
                self._set()
        except (TryLater, Rejected) as error:
            log.warning("Telegram can't be asked", reason=str(error))
            return
        failed_at = info.last_error_date or 0
        if failed_at > self._failed_at:
            self._failed_at = failed_at
            log.warning(
                "Telegram could not send an update here",
                reason=info.last_error_message,
                waiting=info.pending_update_count,
            )


def _own_certificate(settings: Settings) -> bytes | None:
    if settings.webhook_cert is None:
        return None
    try:
        return certificate_to_upload(settings.webhook_cert)
    except (OSError, ValueError):
        raise SettingsError("ATTRAI_WEBHOOK_CERT: this is no certificate in PEM") from None


def _listen(port: int) -> socket.socket:
    try:
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", port))
    except OSError as error:
        raise CannotStart(
            f"ATTRAI_WEBHOOK_PORT: can't listen on port {port}: {error.strerror}"
        ) from None
