"""How a bot gets its updates: it asks for them, or Telegram sends them to its webhook."""

from __future__ import annotations

from typing import Any

from telebot import TeleBot, apihelper, types

from attrai.telegram.errors import translate_errors

#: Timeout in seconds of a call about the webhook.
_TIMEOUT = 15
#: Timeout in seconds of `confirm`, the last call of a process that is shutting down.
_CONFIRM_TIMEOUT = 5
#: The kinds of updates that the bot wants.
ALLOWED_UPDATES = ["message", "edited_message", "channel_post", "callback_query"]


class Updates:
    """A bot's updates. Its calls raise the errors of `Telegram`."""

    def __init__(self, bot: TeleBot) -> None:
        self._bot = bot

    def delete_webhook(self) -> bool:
        """Delete the bot's webhook, if it has one, and return whether it had.

        As long as there is one, Telegram refuses `get`. Updates that wait are kept.
        """
        with translate_errors():
            if not self._bot.get_webhook_info(timeout=_TIMEOUT).url:
                return False
            return self._bot.delete_webhook(timeout=_TIMEOUT)

    def set_webhook(
        self, url: str, secret: str, certificate: bytes | None, connections: int
    ) -> bool:
        """Have Telegram send updates to a URL, instead of returning them from `get`.

        Args:
            url: where to.
            secret: what Telegram is to send with each update, to authenticate itself.
            certificate: a self-signed certificate to trust, in PEM; None if an authority signed it.
            connections: how many updates Telegram may send at a time.
        """
        with translate_errors():
            return self._bot.set_webhook(
                url,
                certificate,
                connections,
                ALLOWED_UPDATES,
                secret_token=secret,
                timeout=_TIMEOUT,
            )

    def webhook(self) -> types.WebhookInfo:
        """Return where Telegram sends updates, and how the last attempt to do so failed."""
        with translate_errors():
            return self._bot.get_webhook_info(timeout=_TIMEOUT)

    def get(self, offset: int, wait: int) -> list[Any]:
        """Return the updates from `offset` on, as parsed JSON, and confirm those before it.

        Args:
            offset: the first `update_id` to return; 0 for all unconfirmed updates.
            wait: the long polling timeout in seconds, at least 1.

        Raises:
            PollingConflict: another program polls for the bot's updates.
        """
        with translate_errors():
            updates = apihelper.get_updates(  # type: ignore[no-untyped-call]  # telebot's
                self._bot.token,
                offset=offset,
                allowed_updates=ALLOWED_UPDATES,
                long_polling_timeout=wait,
            )
            if not isinstance(updates, list):
                raise TypeError("no list of updates")
            return updates

    def confirm(self, offset: int) -> None:
        """Confirm the updates before `offset`, without waiting for new ones.

        Raises:
            PollingConflict: another program polls for the bot's updates.
        """
        with translate_errors():
            # telebot's get_updates always does long polling. This `timeout` is the request's.
            apihelper._make_request(  # type: ignore[no-untyped-call]  # noqa: SLF001
                self._bot.token,
                "getUpdates",
                params={"offset": offset, "limit": 1, "timeout": _CONFIRM_TIMEOUT},
            )
