"""The command `attrai rate`, used by people and by programs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from attrai.cli import app
from testing.waiting import PATIENCE_S
from tests.conftest import ASTRONAUT
from tests.scoring.age_head import CONSTANT, with_age_head, written

USAGE = 2


def run(*arguments: str | Path) -> Result:
    """Run `attrai rate` with streams that are not terminals."""
    return CliRunner().invoke(app, ["rate", *map(str, arguments)])


def run_json(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Run `attrai rate --json`, and return the exit status and the objects by photo name."""
    result = run(*arguments, "--json")
    objects = map(json.loads, result.stdout.splitlines())
    return result.exit_code, {Path(item["photo"]).name: item for item in objects}


def size_of(picture: Path) -> tuple[int, int]:
    """Decode a picture completely, and return its size in pixels."""
    with Image.open(picture) as image:
        image.load()
        return image.size


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a copy of the example photo in a folder of its own."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return Path(shutil.copy(ASTRONAUT, folder / "me.jpg"))


def use_weights(monkeypatch: pytest.MonkeyPatch, folder: Path, *, age: float) -> None:
    """Use weights for which every face looks this old."""
    path = written(with_age_head(CONSTANT, age), folder / "own.safetensors")
    monkeypatch.setenv("ATTRAI_WEIGHTS", str(path))


def test_table(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo's row shows its score, and the last lines the count and the picture's path."""
    use_weights(monkeypatch, tmp_path, age=40)
    result = run(photo)
    picture = photo.with_name("me.rated.jpg")
    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if str(photo) in line)
    _, objects = run_json(photo)
    assert f"{objects['me.jpg']['faces'][0]['score']:.1f}" in row.split()
    assert "±" not in row
    *_, count, where = result.stdout.splitlines()
    assert "1 rated" in count
    assert where == f"Picture: {picture}"
    assert result.stderr == ""
    assert size_of(picture) == (512, 512)
    assert sorted(photo.parent.iterdir()) == [photo, picture]


def test_json(photo: Path, tmp_path: Path) -> None:
    """A photo's object holds its faces, their scores and the timing of every stage."""
    status, objects = run_json(photo, "-o", tmp_path / "out")
    item = objects["me.jpg"]
    assert status == 0
    assert (item["error"], item["size"], item["faces_found"]) == (None, [512, 512], 1)
    (face,) = item["faces"]
    assert len(face["box"]) == 4
    assert len(face["landmarks"]) == 5
    assert face["probability"] > 0.99
    assert face["minor"] is False
    assert 1 <= face["score"] <= 10
    assert 0 < face["spread"] < 4.5
    assert list(item["seconds"]) == ["ingest", "detect", "score", "render", "deliver"]
    assert all(timing["took"] > 0 for timing in item["seconds"].values())
    assert Path(item["picture"]).is_file()
    assert not photo.with_name("me.rated.jpg").exists()


def test_a_child(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A face that looks like a child's has no score, in words and in JSON, but a picture."""
    use_weights(monkeypatch, tmp_path, age=5)
    status, objects = run_json(photo)
    (face,) = objects["me.jpg"]["faces"]
    assert (status, face["minor"], face["score"], face["spread"]) == (0, True, None, None)
    result = run(photo)
    assert result.exit_code == 0
    assert "no score" in result.stdout
    assert "1 rated" in result.stdout
    assert result.stderr == ""
    assert size_of(photo.with_name("me.rated.jpg")) == (512, 512)
    monkeypatch.setenv("ATTRAI_MINIMUM_AGE", "0")
    _, objects = run_json(photo)
    (face,) = objects["me.jpg"]["faces"]
    assert face["minor"] is False
    assert 1 <= face["score"] <= 10


def test_folder_twice(photo: Path) -> None:
    """Rating a folder again gives the same pictures, and rates none of the pictures."""
    shutil.copy(photo, photo.with_name("you.jpeg"))
    for _ in range(2):
        status, objects = run_json(photo.parent)
        assert status == 0
        assert sorted(objects) == ["me.jpg", "you.jpeg"]
    assert len(list(photo.parent.iterdir())) == 4


@pytest.mark.parametrize("renderer", ["boxes", "ranking", "spotlight"])
def test_renderers(photo: Path, renderer: str) -> None:
    """Each renderer can be selected by name, and only `ranking` changes the photo's size."""
    assert run(photo, "--renderer", renderer, "--jobs", "1").exit_code == 0
    assert (size_of(photo.with_name("me.rated.jpg")) == (512, 512)) == (renderer != "ranking")


def png_header(width: int, height: int) -> bytes:
    """Return a PNG of a few kB whose header declares the given size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


def test_bad_files_never_stop_the_rest(photo: Path, tmp_path: Path) -> None:
    """Each bad file is listed with its reason, the good one is rated, and no other file is left."""
    folder = photo.parent
    (folder / "text.jpg").write_text("I am no image\n" * 50)
    (folder / "truncated.jpg").write_bytes(photo.read_bytes()[:20_000])
    (folder / "bomb.png").write_bytes(png_header(30_000, 30_000))
    Image.new("P", (1, 1)).save(folder / "dot.gif")
    (folder / "empty.png").touch()
    (folder / "large.jpg").write_bytes(photo.read_bytes() + bytes(20_000_000))
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "nowhere.jpg").symlink_to("absent")
    Image.new("RGB", (100, 100)).save(folder / "black.png")
    barren = tmp_path / "barren"
    barren.mkdir()
    before = set(folder.rglob("*"))

    # Even root can't read /proc/self/mem from its start.
    status, objects = run_json(folder, barren, tmp_path / "absent.jpg", "/proc/self/mem")
    assert status == 1
    errors = {name: item["error"] for name, item in objects.items()}
    assert errors.pop("me.jpg") is None
    codes = {name: error["code"] for name, error in errors.items()}
    assert codes == {
        "text.jpg": "not-an-image",
        "truncated.jpg": "broken-image",
        "bomb.png": "too-many-pixels",
        "dot.gif": "too-small",
        "empty.png": "not-an-image",
        "large.jpg": "file-too-large",
        "folder.jpg": "source-unreadable",
        "pipe.jpg": "source-unreadable",
        "nowhere.jpg": "source-unreadable",
        "black.png": "no-face",
        "barren": "source-unreadable",
        "absent.jpg": "source-unreadable",
        "mem": "source-unreadable",
    }
    reasons = {name: error["message"] for name, error in errors.items()}
    assert "no such file" in reasons["absent.jpg"]
    assert "no images in this folder" in reasons["barren"]
    assert "not a regular file" in reasons["pipe.jpg"]
    assert "input/output error" in reasons["mem"]
    assert all(item["picture"] is None for name, item in objects.items() if name != "me.jpg")
    assert set(folder.rglob("*")) - before == {photo.with_name("me.rated.jpg")}


def test_pictures_in_several_folders(photo: Path) -> None:
    """After several photos the last line says where their pictures are."""
    shutil.copytree(photo.parent, photo.parent / "late")
    assert run(photo.parent).stdout.splitlines()[-1] == f"Pictures below {photo.parent}"
    out = photo.parent / "out"
    several = run(photo, photo.parent / "late/me.jpg", "-o", out)
    assert several.stdout.splitlines()[-1] == f"Pictures in {out}"


def test_failures_in_the_table(photo: Path, tmp_path: Path) -> None:
    """A failure is a row with its reason, and the summary counts the failures."""
    broken = tmp_path / "broken[1].jpg"
    broken.write_bytes(photo.read_bytes()[:5000])
    result = run(broken, photo)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    first, second, _ = (line for line in lines if ".jpg" in line)
    assert str(broken) in first  # in the order of the command line
    assert "damaged or incomplete" in first
    assert str(photo) in second
    assert "1 rated, 1 failed" in lines[-2]


def test_picture_that_cannot_be_written(photo: Path, tmp_path: Path) -> None:
    """If a picture can't be written, its photo's object says why."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "me.rated.jpg").mkdir()  # in the way
    status, objects = run_json(photo, "-o", tmp_path / "out")
    assert status == 1
    assert objects["me.jpg"]["error"]["code"] == "undeliverable"
    assert "is a directory" in objects["me.jpg"]["error"]["message"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["me.rated.jpg"]


def test_one_file_by_two_names(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is given by two names is rated once, and those beside it as well."""
    shutil.copy(photo, photo.with_name("you.jpg"))
    monkeypatch.chdir(photo.parent)
    result = run("me.jpg", photo, photo.with_name("you.jpg"))
    assert result.exit_code == 0, result.output
    rows = [line.split()[0] for line in result.stdout.splitlines() if ".jpg " in line]
    assert rows == ["me.jpg", str(photo.with_name("you.jpg"))]
    assert result.stdout.splitlines()[-1] == f"Pictures in {photo.parent}"


def test_names_that_no_encoding_knows(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is no UTF-8 is rated in every locale, and `--json` stays JSON."""
    use_weights(monkeypatch, tmp_path, age=40)
    folder = os.fsencode(photo.parent)
    for name in (b"caf\xe9.jpg", "жена.jpg".encode(), b"\x1b[31m:smile:[bold].jpg"):
        shutil.copy(photo, folder + b"/" + name)
    long_name = photo.with_name("n" * 300 + ".jpg")
    command = [sys.executable, "-m", "attrai", "rate", photo.parent, long_name]
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for variables in ({"LC_ALL": "C.UTF-8"}, ascii_only):
        environment = {**os.environ, **variables}
        table = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert (table.returncode, table.stderr) == (1, b"")
        assert b"4 rated, 1 failed" in table.stdout
        assert rb"caf\xe9.jpg " in table.stdout
        assert rb"\x1b[31m:smile:[bold].jpg " in table.stdout
        assert b"file name too long" in table.stdout
        printed = subprocess.run(
            [*command, "--json"], env=environment, stdout=subprocess.PIPE, check=False
        )
        names = [json.loads(line)["photo"] for line in printed.stdout.splitlines()]
        assert len(names) == 5
        assert any(name.endswith("caf\udce9.jpg") for name in names)


def test_json_beside_a_terminal(photo: Path) -> None:
    """JSON goes to standard output also while progress is shown on a terminal."""
    terminal, stderr = os.openpty()
    shown: list[bytes] = []

    def show() -> None:
        with suppress(OSError):  # nobody writes to the terminal any more
            while True:
                shown.append(os.read(terminal, 65536))

    # Meanwhile: a terminal that nobody reads holds little, and then stops the program.
    showing = threading.Thread(target=show)
    showing.start()
    try:
        command = [sys.executable, "-m", "attrai", "rate", str(photo), "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, check=True)
    finally:
        os.close(stderr)
        showing.join()
        os.close(terminal)
    assert json.loads(done.stdout)["photo"] == str(photo)
    assert b"Rating" in b"".join(shown)


@pytest.mark.parametrize(
    ("arguments", "variables", "named"),
    [
        ([], {}, "PATH"),
        (["--renderer", "oil", ASTRONAUT], {}, "spotlight"),
        (["--jobs", "0", ASTRONAUT], {}, "--jobs"),
        (["-o", ASTRONAUT, ASTRONAUT], {}, "--output"),
        ([""], {}, "the path is empty"),
        ([ASTRONAUT, ""], {}, "the path is empty"),
        (["-o", "", ASTRONAUT], {}, "the path is empty"),
        (["-o", "n" * 300, ASTRONAUT, "--renderer", "\x1b"], {}, "'\\x1b'"),
        (["--no-such-option", ASTRONAUT], {}, "--no-such-option"),
        ([ASTRONAUT], {"ATTRAI_MAX_FACES": "many"}, "ATTRAI_MAX_FACES"),
        ([ASTRONAUT], {"ATTRAI_WEIGHTS": str(ASTRONAUT)}, "astronaut.jpg"),
    ],
)
def test_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str | Path],
    variables: dict[str, str],
    named: str,
) -> None:
    """Wrong usage exits with 2 and a message that names the mistake."""
    monkeypatch.setenv("COLUMNS", "200")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    result = run(*arguments)
    assert result.exit_code == USAGE
    assert named in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.slow
def test_stopping(tmp_path: Path, stop: signal.Signals, status: int) -> None:
    """When stopped or killed midway, it leaves only complete pictures and no temporary files."""
    temporary, out = tmp_path / "temporary", tmp_path / "out"
    temporary.mkdir()
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(200):
        (photos / f"{number}.jpg").symlink_to(ASTRONAUT)
    process = subprocess.Popen(
        [sys.executable, "-m", "attrai", "rate", str(photos), "-o", str(out), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    process.stdout.readline()  # it is processing photos
    process.send_signal(stop)
    rest, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == status
    assert len(rest.splitlines()) < 199
    assert "Traceback" not in errors
    assert list(temporary.iterdir()) == []
    pictures = list(out.iterdir())
    assert pictures
    for picture in pictures:
        assert picture.name.endswith(".rated.jpg")
        assert size_of(picture) == (512, 512)
