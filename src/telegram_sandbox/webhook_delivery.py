"""Sending of updates to a bot's webhook, as Telegram does it."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus

import requests
from starlette.requests import Request
from starlette.types import Message

from telegram_sandbox.errors import ApiError
from telegram_sandbox.methods import BotMethods
from telegram_sandbox.parameters import Parameters
from telegram_sandbox.sandbox import Call, Sandbox
from telegram_sandbox.state import Json
from telegram_sandbox.webhook import MAX_CONNECTIONS, Webhook

#: Seconds until the bot has to answer.
_TIMEOUT_SECONDS = 60
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
#: The fields of an update that say to which chat it belongs.
_WITH_CHAT = ("message", "edited_message", "channel_post", "my_chat_member", "chat_member")


class WebhookDelivery:
    """A thread that sends each update once the one before it in its chat is answered with 2xx.

    Updates of different chats are sent at the same time, up to `max_connections`. An update that is
    answered otherwise is sent again, after a pause that doubles from
    `Sandbox.webhook_retry_seconds`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._state = sandbox.state
        self._methods = BotMethods(sandbox.state)
        # What follows is guarded by the state's lock; it is by chat, or by update without one.
        self._webhook: Webhook | None = None
        self._being_sent: set[str] = set()
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        #: Whether there is another update to send again.
        self._has_failed = False
        self._stopping = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send updates during the block; its end waits for those that are being sent."""
        thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping = True
            self._state.emit("sent")
            thread.join()

    def _run(self) -> None:
        due: list[tuple[str, Webhook, Json]] = []

        def must_act() -> bool:
            due[:] = self._take_due()
            return bool(due) or self._has_failed or self._stopping

        with ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="webhook") as threads:
            while not self._stopping:
                self._state.wait_until(must_act, self._seconds_to_retry())
                for key, webhook, update in due:
                    threads.submit(self._send, key, webhook, update)

    def _take_due(self) -> list[tuple[str, Webhook, Json]]:
        """Return the updates to send now, and mark their chats as busy."""
        now, due = time.monotonic(), []
        with self._state.lock:
            webhook = self._state.webhook
            if webhook is not self._webhook:  # a new one is tried at once
                self._webhook = webhook
                self._failures.clear()
                self._not_before.clear()
            if webhook is None:
                return []
            seen = set(self._being_sent)
            for update in self._state.updates.peek(len(self._state.updates)):
                key = _key(update)
                if len(self._being_sent) < webhook.max_connections and key not in seen:
                    if self._not_before.get(key, 0) <= now:
                        self._being_sent.add(key)
                        due.append((key, webhook, update))
                    seen.add(key)
        return due

    def _seconds_to_retry(self) -> float:
        with self._state.lock:
            self._has_failed = False
            waiting = [at for key, at in self._not_before.items() if key not in self._being_sent]
        return max(0.001, min(waiting) - time.monotonic()) if waiting else _TIMEOUT_SECONDS

    def _send(self, key: str, webhook: Webhook, update: Json) -> None:
        problem = self._attempt(webhook, update)
        with self._state.lock:
            self._being_sent.discard(key)
            if problem is None:
                self._state.updates.remove(update["update_id"])
                self._failures.pop(key, None)
                self._not_before.pop(key, None)
            else:
                webhook.last_error = int(time.time()), problem
                failures = self._failures[key] = self._failures.get(key, 0) + 1
                pause = self._sandbox.webhook_retry_seconds * 2 ** (failures - 1)
                self._not_before[key] = time.monotonic() + min(pause, _TIMEOUT_SECONDS)
                self._has_failed = True
            self._state.emit("sent")

    def _attempt(self, webhook: Webhook, update: Json) -> str | None:
        """Send an update, and return why it has to be sent again, or None."""
        began, status = time.monotonic(), 0
        fault = self._sandbox.draw_fault("webhook")
        problem: str | None = "Connection reset by peer"
        if fault in (None, "drop_after", "garbled"):
            try:
                response = self._post(webhook, update)
            except requests.ConnectionError:
                problem = "Connection refused"
            except requests.RequestException:
                problem = "Read timeout expired"
            except OSError as error:  # as with a full disk, or no temporary folder
                problem = f"The sandbox can't store the certificate: {error.strerror}"
            else:
                status = response.status_code
                problem = "Read timeout expired" if fault else self._problem(response)
        self._sandbox.record_call(Call("webhook", None, began, status, fault))
        return problem

    def _post(self, webhook: Webhook, update: Json) -> requests.Response:
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers[_SECRET_HEADER] = webhook.secret
        with tempfile.NamedTemporaryFile() as certificate, requests.Session() as session:
            session.trust_env = False  # no proxy
            if webhook.certificate:
                certificate.write(webhook.certificate)
                certificate.flush()
                session.verify = certificate.name
            body = json.dumps(update).encode()
            return session.post(
                webhook.url,
                body,
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )

    def _problem(self, response: requests.Response) -> str | None:
        status = response.status_code
        if status // 100 != HTTPStatus.OK // 100:
            with suppress(ValueError):
                return f"Wrong response from the webhook: {status} {HTTPStatus(status).phrase}"
            return f"Wrong response from the webhook: {status}"
        with suppress(ApiError):
            self._call(response)
        return None

    def _call(self, response: requests.Response) -> None:
        """Carry out the method call that an answer may be, in JSON or as a form.

        Raises:
            ApiError: it is malformed, or fails.
        """

        async def receive() -> Message:
            return {"type": "http.request", "body": response.content}

        kind = response.headers.get("Content-Type", "").encode()
        scope = {"type": "http", "query_string": b"", "headers": [(b"content-type", kind)]}
        parameters = asyncio.run(Parameters.read(Request(scope, receive)))
        method = parameters.text("method")
        if method in self._methods.names:
            self._methods.call(method, parameters)


def _key(update: Json) -> str:
    """Return what an update has in common with those that must not overtake it."""
    press = update.get("callback_query")
    messages = [update.get(field) for field in _WITH_CHAT]
    messages.append(press.get("message") if isinstance(press, dict) else None)
    for message in messages:
        if isinstance(message, dict) and isinstance(message.get("chat"), dict):
            return f"chat {message['chat'].get('id')}"
    return f"update {update['update_id']}"
