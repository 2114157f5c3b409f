"""The Bot API's methods about webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from telegram_sandbox.errors import bad_request
from telegram_sandbox.parameters import Parameters, Upload
from telegram_sandbox.state import Json, State
from telegram_sandbox.webhook import DEFAULT_CONNECTIONS, MAX_CONNECTIONS, Webhook

#: The ports of webhooks on other machines.
_PORTS = (80, 88, 443, 8443)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")


class WebhookMethods:
    """The methods that set, delete and describe the bot's webhook."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.methods: dict[str, Callable[[Parameters], Any]] = {
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
        }

    def _set_webhook(self, parameters: Parameters) -> bool:
        url = parameters.text("url")
        if not url:
            return self._change(parameters, None)
        self._check_url(url)
        if not _SECRET.fullmatch(parameters.text("secret_token")):
            raise bad_request("secret token contains unallowed characters")
        connections = parameters.integer("max_connections", DEFAULT_CONNECTIONS)
        upload = parameters.file("certificate") if parameters.files else None
        webhook = Webhook(
            url,
            parameters.text("secret_token"),
            min(max(connections, 1), MAX_CONNECTIONS),
            upload.data if isinstance(upload, Upload) else None,
        )
        allowed = parameters.json("allowed_updates", list, None)
        if allowed is not None:
            with self._state.lock:
                self._state.updates.allow(map(str, allowed))
        return self._change(parameters, webhook)

    @staticmethod
    def _check_url(url: str) -> None:
        """Check a URL as Telegram does. On this machine any port will do, and plain HTTP.

        So it is at a Bot API server of one's own, on every machine.
        """
        try:
            parts: SplitResult = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise bad_request("bad webhook: invalid URL specified") from None
        if parts.scheme not in ("http", "https") or not host:
            raise bad_request("bad webhook: invalid URL specified")
        if host in _LOOPBACK:
            return
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if port not in (None, *_PORTS):
            raise bad_request(
                "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"
            )

    def _delete_webhook(self, parameters: Parameters) -> bool:
        return self._change(parameters, None)

    def _change(self, parameters: Parameters, webhook: Webhook | None) -> bool:
        with self._state.lock:
            self._state.webhook = webhook
            if parameters.flag("drop_pending_updates"):
                self._state.updates.clear()
            self._state.emit("update")  # ends a poll, which a webhook excludes
        return True

    def _get_webhook_info(self, _: Parameters) -> Json:
        with self._state.lock:
            webhook, pending = self._state.webhook, len(self._state.updates)
            allowed = self._state.updates.allowed
        info: Json = {
            "url": webhook.url if webhook else "",
            "has_custom_certificate": bool(webhook and webhook.certificate),
            "pending_update_count": pending,
        }
        if webhook:
            info["max_connections"] = webhook.max_connections
            if webhook.last_error:
                info["last_error_date"], info["last_error_message"] = webhook.last_error
        if allowed:
            info["allowed_updates"] = allowed
        return info
