"""Where the processes of one service count together, so that any of them can tell it all.

dramatiq runs a service's processes below one master, and ends them all when one ends. So what
they count lies in a folder that is the master's, and the first of them answers for all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from tempfile import gettempdir

#: By this prometheus_client knows, when it is imported, that processes share what they count.
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share() -> Path:
    """Has this process count where its siblings do; the folder."""
    root = Path(gettempdir()) / "attrai-metrics"
    root.mkdir(exist_ok=True)
    for folder in root.iterdir():
        if folder.name != _process(folder.name.partition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)  # of one that has ended
    folder = root / str(_process(str(os.getppid())))
    folder.mkdir(exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    return folder


def is_first(folder: Path) -> bool:
    """Whether this process is the first of the living that share the folder."""
    lock = os.open(folder / "first", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    return True  # and until it ends, for nobody closes the file


def _process(number: str) -> str | None:
    """A process's number and when it started, since numbers come again; None if it has ended."""
    try:
        stat = Path("/proc", number, "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets, the 22nd the start.
    return f"{number}-{stat.rpartition(')')[2].split()[19]}"
