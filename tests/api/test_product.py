"""The whole product over HTTP, embedded and over the queues, with stock clients."""

from __future__ import annotations

import io
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import requests
from PIL import Image
from redis import Redis

from attrai import rate
from attrai.api.keys import ApiKeys
from attrai.job import STAGES, job_id
from attrai.ledger import keys
from testing.servers.fixtures import require
from testing.servers.server import reserved_port
from testing.waiting import PATIENCE_S, wait_for
from tests.api.conftest import KEY
from tests.bot.conftest import Program, files_left
from tests.conftest import ASTRONAUT, ROOT

pytestmark = pytest.mark.slow

HEADERS = {"Authorization": f"Bearer {KEY}"}


class Service:
    """A running service, by its address."""

    def __init__(self, url: str, programs: dict[str, Program], folder: Path) -> None:
        self.url, self.programs, self.folder = url, programs, folder

    def send(self, photo: bytes, **parameters: str | int) -> requests.Response:
        """Send a photo, and wait for its result."""
        return requests.post(
            f"{self.url}/v1/photos",
            headers=HEADERS,
            params={"wait": 60, **parameters},
            files={"photo": photo},
            timeout=PATIENCE_S,
        )


@pytest.fixture(
    name="service", params=["embedded", pytest.param("servers", marks=pytest.mark.servers)]
)
def running_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """Run the product; in the end nothing may be left of its photos, nor a key in its logs."""
    (tmp_path / "photos").mkdir()
    environment = {
        "ATTRAI_API_KEYS": f"another-key-of-somebody, {KEY}",
        "ATTRAI_MAX_ACTIVE": "100",
        "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
        "ATTRAI_LOG_LEVEL": "info",
        "TMPDIR": str(tmp_path),
    }
    with ExitStack() as stack:
        port = stack.enter_context(reserved_port())
        command, commands = ["api", "--port", str(port)], {}
        if request.param == "servers":
            environment["ATTRAI_REDIS_URL"] = request.getfixturevalue("redis_url")
            environment["ATTRAI_BROKER_URL"] = request.getfixturevalue("amqp_url")
            commands = {stage: ["worker", stage] for stage in STAGES} | {"sweep": ["sweep"]}
        else:
            command.append("--embedded")
        programs = {
            name: stack.enter_context(Program(*each, environment=environment))
            for name, each in {"api": command, **commands}.items()
        }
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: is_ready(url), "it is not ready")
        yield Service(url, programs, tmp_path)
        wait_for(lambda: images_left(tmp_path / "photos") == [], "files are left")
    assert not any(KEY in line for program in programs.values() for line in program.output)
    assert not any("Traceback" in line for program in programs.values() for line in program.output)


def images_left(folder: Path) -> list[Path]:
    """Return the files in a photo store but for the reasons of failures, kept for five minutes."""
    return [file for file in files_left(folder) if file.name != "job.json"]


def folders_left(folder: Path) -> set[str]:
    """Return the names of the folders in a photo store that have files."""
    return {file.parent.name for file in files_left(folder)}


def is_ready(url: str) -> bool:
    """Return whether a service says that it is ready."""
    try:
        return requests.get(f"{url}/readyz", timeout=PATIENCE_S).ok
    except requests.ConnectionError:
        return False


def test_curl(service: Service, tmp_path: Path) -> None:
    """One call of curl sends a photo and gets the picture, which is that of `attrai.rate`."""
    picture = tmp_path / "picture.jpg"
    command = [require("curl"), "--silent", "--show-error", "--fail", "-F", f"photo=@{ASTRONAUT}"]
    command += ["-H", f"Authorization: Bearer {KEY}", "-o", str(picture)]
    subprocess.run([*command, f"{service.url}/v1/photos?wait=60"], check=True)
    expected = rate(ASTRONAUT)
    with Image.open(picture) as found:
        assert found.size == expected.picture.size
    answer = requests.post(
        f"{service.url}/v1/photos?wait=60",
        headers={**HEADERS, "Accept": "application/json", "Content-Type": "image/jpeg"},
        data=ASTRONAUT.read_bytes(),
        timeout=PATIENCE_S,
    )
    photo = answer.json()
    (face,) = photo["faces"]
    score = expected.faces[0].score
    assert score is not None
    assert face["score"] == pytest.approx(score.value, abs=0.01)
    fetched = requests.get(
        f"{service.url}{photo['links']['picture']}", headers=HEADERS, timeout=PATIENCE_S
    )
    with Image.open(io.BytesIO(fetched.content)) as found:
        assert found.size == tuple(photo["size"])


def test_many_at_once(service: Service) -> None:
    """Photos that are sent at once each get their own answer, a picture or the reason."""
    blank = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(blank, "PNG")
    kinds = [ASTRONAUT.read_bytes(), blank.getvalue(), b"no photo", b"\xff\xd8\xff\xe0 broken"]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(service.send, kinds * 6))
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 422, 415, 422] * 6
    codes = [answer.json()["code"] for answer in answers[1:4]]
    assert codes == ["no-face", "not-an-image", "broken-image"]


def test_the_end(service: Service) -> None:
    """A service that is told to end answers those who wait, as far as it can, and ends."""
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(service.send, ASTRONAUT.read_bytes())
        program = service.programs["api"]
        wait_for(lambda: any('"received"' in line for line in program.output))
        program.process.terminate()
        answer = asking.result()
        assert program.wait() == 128 + signal.SIGTERM
    if len(service.programs) > 1:  # the others go on
        assert answer.status_code in (200, 202)
    else:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    if answer.status_code == 202:
        # Nobody fetches it; the fixture would wait for five minutes.
        id_ = answer.json()["id"]
        wait_for(
            lambda: any(
                id_ in line and '"answered"' in line for line in service.programs["deliver"].output
            )
        )
        for file in files_left(service.folder / "photos"):
            file.unlink()


def test_without_keys(tmp_path: Path) -> None:
    """Without keys it serves this machine only, embedded, and says so otherwise."""
    environment = {"TMPDIR": str(tmp_path)}
    for arguments in (["--embedded", "--host", "0.0.0.0"], []):  # noqa: S104 - it refuses that
        with Program("api", "--port", "0", *arguments, environment=environment) as program:
            assert program.wait() == 2
        assert any("ATTRAI_API_KEYS is not set" in line for line in program.output)
    weak = environment | {"ATTRAI_API_KEYS": "short"}
    with Program("api", "--embedded", "--port", "0", environment=weak) as program:
        assert program.wait() == 2
    assert any("ATTRAI_API_KEYS: each key has" in line for line in program.output)
    assert not any("short" in line for line in program.output)


@pytest.mark.servers
def test_kills(tmp_path: Path, amqp_url: str, redis_url: str) -> None:
    """Photos are answered once each though the server and each stage are killed meanwhile.

    A client that sends a photo again with its `Idempotency-Key` loses none.
    """
    (tmp_path / "photos").mkdir()
    environment = {
        "ATTRAI_API_KEYS": KEY,
        "ATTRAI_MAX_ACTIVE": "100",
        "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
        "ATTRAI_LOG_LEVEL": "info",
        "ATTRAI_REDIS_URL": redis_url,
        "ATTRAI_BROKER_URL": amqp_url,
        "TMPDIR": str(tmp_path),
    }
    names = [f"photo-{number}" for number in range(20)]
    redis = Redis.from_url(redis_url)
    with ExitStack() as stack:
        port = stack.enter_context(reserved_port())
        commands = {stage: ["worker", stage] for stage in STAGES}
        commands |= {"sweep": ["sweep"], "api": ["api", "--port", str(port)]}

        def start(name: str) -> Program:
            return stack.enter_context(Program(*commands[name], environment=environment))

        programs = {name: start(name) for name in commands}
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: is_ready(url), "it is not ready")
        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(persist, url, name) for name in names]
            for name in ("api", *STAGES, "api"):
                done = sum(each.done() for each in asking)
                kill(programs[name])
                programs[name] = start(name)
                wait_for(lambda done=done: sum(each.done() for each in asking) > done or done >= 14)
            answers = [each.result() for each in asking]
        assert all(answer.startswith(b"\xff\xd8") for answer in answers)
        wait_for(lambda: redis.zcard(keys.JOBS) == 0)
        # A server that was killed between sending a picture and deleting it leaves that to the
        # sweeper, for at most five minutes.
        client = ApiKeys([KEY]).client(f"Bearer {KEY}")
        assert client is not None
        results = {job_id("api result", client.job(name)) for name in names}
        wait_for(lambda: folders_left(tmp_path / "photos") <= results, "files are left")
        left = folders_left(tmp_path / "photos")
        assert all(redis.zscore(keys.ORPHANS, folder) for folder in left)
        outcomes = redis.hgetall(redis.keys("attrai:day:*")[0])
    assert int(outcomes[b"outcome:rated"]) == len(names)
    assert set(outcomes) & {b"outcome:internal", b"outcome:timed-out"} == set()


def kill(program: Program) -> None:
    """Kill a program and the processes that it has started."""
    started = psutil.Process(program.process.pid)
    for process in (*started.children(recursive=True), started):
        process.kill()
    program.wait()


def persist(url: str, name: str) -> bytes:
    """Send a photo under a name until its picture has arrived, as a program would."""
    deadline = time.monotonic() + 2 * PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = requests.post(
                f"{url}/v1/photos",
                headers={**HEADERS, "Idempotency-Key": name},
                params={"wait": 20},
                files={"photo": ASTRONAUT.read_bytes()},
                timeout=PATIENCE_S,
            )
        except requests.ConnectionError:
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            return answer.content
        assert answer.status_code in (202, 409, 503), answer.text
    raise TimeoutError(name)


def test_packaged_page() -> None:
    """The page's files are beside the code, and name no other host."""
    folder = ROOT / "src" / "attrai" / "api" / "static"
    assert {file.name for file in folder.iterdir()} == {
        "icon.svg",
        "index.html",
        "page.css",
        "page.js",
    }
    texts = [file.read_text("utf-8").replace("http://www.w3.org", "") for file in folder.iterdir()]
    assert not any("://" in text for text in texts)
