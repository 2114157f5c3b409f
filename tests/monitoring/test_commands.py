"""`attrai status` and `attrai stats` against real servers that stop and start."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from attrai.actors.stage import publish
from attrai.cli import app
from attrai.job import STAGES
from attrai.ledger.ledger import utc_today
from attrai.monitoring import queues
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from testing.servers import RabbitServer, RedisServer
from testing.servers.server import HOST
from testing.waiting import PATIENCE_S
from tests.ledger.test_recent import answer, make

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def _environment(redis_url: str, amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that point to both servers, which are empty and may be slow."""
    monkeypatch.setenv("ATTRAI_REDIS_URL", redis_url)
    monkeypatch.setenv("ATTRAI_BROKER_URL", amqp_url)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setattr(queues, "_TIMEOUT_SECONDS", int(PATIENCE_S))


def run(*arguments: str) -> Result:
    """Run attrai's command line."""
    return CliRunner().invoke(app, list(arguments))


def test_all_up() -> None:
    """Queue depths are those of RabbitMQ, dead letters included."""
    settings = Settings()
    ledger = make_ledger(open_redis(settings), settings)
    rabbitmq = make_broker(settings, [])
    for stage in STAGES:
        ledger.heartbeat(stage, "a")
    for number in range(3):
        ledger.admit(make(number))
        publish(rabbitmq, "ingest", make(number))
    rabbitmq.declare_queue("score", ensure=True)
    dead = dramatiq.Message(
        queue_name="score.XQ", actor_name="score", args=(), kwargs={}, options={}
    )
    rabbitmq.channel.basic_publish("", "score.XQ", dead.encode())
    rabbitmq.close()
    result = run("status", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [stage["waiting"] for stage in found["stages"]] == [3, 0, 0, 0, 0]
    assert (found["in_flight"], found["dead_letters"], found["faults"]) == (3, 1, [])


def test_rabbitmq_down(rabbit_server: RabbitServer) -> None:
    """Without RabbitMQ the status says so, shows the values from Redis, and exits with 1."""
    rabbit_server.stop()
    result = run("status")
    assert result.exit_code == 1
    assert "RabbitMQ is down: Connection refused." in result.stdout
    assert "photos in flight: 0" in result.stdout
    assert rabbit_server.password not in result.output


def test_redis_down(redis_server: RedisServer) -> None:
    """Without Redis the status says so, shows RabbitMQ's values and exits with 1; stats fails."""
    redis_server.stop()
    result = run("status")
    assert result.exit_code == 1
    assert "Redis is down: Connection refused." in result.stdout
    assert "dead letters: 0" in result.stdout
    assert redis_server.password not in result.output
    result = run("stats")
    assert result.exit_code == 1
    assert "Redis is down: Connection refused" in result.output


def test_refused(
    redis_server: RedisServer, rabbit_server: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is given as the reason, and is not shown."""
    monkeypatch.setenv("ATTRAI_REDIS_URL", f"redis://:SECRET@{HOST}:{redis_server.port}/0")
    monkeypatch.setenv("ATTRAI_BROKER_URL", f"amqp://attrai:SECRET@{HOST}:{rabbit_server.port}/x")
    result = run("status")
    assert result.exit_code == 1
    assert "RabbitMQ is down: it refuses this user, password or virtual host." in result.stdout
    assert "Redis is down: it refuses this user or password." in result.stdout
    assert "SECRET" not in result.output


@pytest.mark.parametrize("command", ["status", "stats"])
@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("ATTRAI_BROKER_URL", "amqp://a:SE[CRET@h/"),
        ("ATTRAI_REDIS_URL", "redis://:SE[CRET@h/"),
        ("ATTRAI_REDIS_URL", "redis://h?socket_timeout=SECRET"),
    ],
)
def test_unusable_urls(
    monkeypatch: pytest.MonkeyPatch, command: str, variable: str, url: str
) -> None:
    """An invalid URL is identified by its variable, and not shown."""
    monkeypatch.setenv(variable, url)
    result = run(command)
    assert result.exit_code == 2
    assert variable in result.stderr
    assert "CRET" not in result.output


def test_an_option_that_pika_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL of RabbitMQ with an invalid option is identified by its variable."""
    monkeypatch.setenv("ATTRAI_BROKER_URL", "amqp://h?heartbeat=SECRET")
    result = run("status")
    assert "ATTRAI_BROKER_URL is no URL" in result.stdout
    assert "SECRET" not in result.output


def test_watching_outlasts_a_fault(redis_server: RedisServer) -> None:
    """Watching goes on while a server is down, and notices when it is back."""
    with subprocess.Popen(
        [sys.executable, "-m", "attrai", "status", "--watch", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        looks = map(json.loads, watching.stdout)

        def await_faults(*parts: str) -> dict[str, Any]:
            # Not at once: RabbitMQ may be too slow for a look.
            return next(look for look in looks if [f["part"] for f in look["faults"]] == [*parts])

        await_faults()
        redis_server.stop()
        assert await_faults("Redis")["in_flight"] is None
        redis_server.start()
        assert await_faults()["in_flight"] == 0
        watching.terminate()


def test_stats(tmp_path: Path) -> None:
    """Statistics show the same days as bars, CSV, JSON and a picture."""
    settings = Settings()
    ledger = make_ledger(open_redis(settings), settings)
    today = utc_today()
    for number in range(3):
        answer(ledger, make(number))
    page = run("stats")
    assert page.exit_code == 0, page.output
    assert "Photos per day" in page.stdout
    assert "Users per day: 3 in total" in page.stdout
    rows = list(csv.DictReader(StringIO(run("stats", "--days", "2", "--csv").stdout)))
    # The last of the days, unless it has become midnight.
    assert {row["date"]: (row["requests"], row["users"], row["rated"]) for row in rows} == {
        row["date"]: ("3", "3", "3") if row["date"] == today else ("0", "0", "0") for row in rows
    }
    assert today in [row["date"] for row in rows]
    assert json.loads(run("stats", "--json").stdout)["requests"] == 3
    picture = tmp_path / "charts.png"
    assert run("stats", "--plot", str(picture)).stdout == f"Charts saved as {picture}\n"
    with Image.open(picture) as charts:
        assert min(charts.size) > 500


def test_stats_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without matplotlib an error says what to install."""
    monkeypatch.setitem(sys.modules, "attrai.monitoring.charts", None)
    result = run("stats", "--plot", str(tmp_path / "charts.png"))
    assert result.exit_code == 2
    assert "pip install 'attrai[charts]'" in result.stderr


def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    """A file name with an unknown suffix, or in a missing folder, is refused with one line."""
    assert "must end in .png" in run("stats", "--plot", str(tmp_path / "charts.xyz")).stderr
    missing = tmp_path / "missing" / "charts.png"
    assert "No such file" in run("stats", "--plot", str(missing)).stderr
