"""The sandbox with a bot of its own: the whole product in a browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from attrai.sandbox.sandbox import Sandbox
from attrai.sandbox.server import running


def run_with_bot(port: int) -> int:
    """Serves on loopback as long as a bot with all stages runs; its exit status."""
    sandbox = Sandbox()
    with running(sandbox, port) as url:
        environment = os.environ | {
            "ATTRAI_TELEGRAM_API_URL": url,
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
        }
        bot = subprocess.Popen(
            [sys.executable, "-m", "attrai", "bot", "--embedded"], env=environment
        )
        signal.signal(signal.SIGTERM, lambda *_: bot.terminate())
        while True:
            try:
                return bot.wait()
            except KeyboardInterrupt:
                continue  # the bot got it as well, and ends when its work is done
