"""Fuzzer of the decoders: `python -m bench.fuzz --seconds 300`.

Damages files of every format at random (changed, cut, repeated and exchanged bytes, extreme
numbers) and decodes each as ingest and detect do, in a child. Whatever the file, the answer has to
be a photo or a refusal, in time, and the next intact file has to be decoded. Files that kill
or stall a child are counted, and kept in a folder for the libraries' authors.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections import Counter
from pathlib import Path

import psutil

from attrai.errors import UnreadableImage, UserError
from attrai.images import accept_photo
from attrai.images.isolated import IsolatedDecoder
from tests.images.files import FILES, LIMITS

#: How long a call may take: the limit of a file, and the start of a new child on a busy machine.
PATIENCE_SECONDS = 30
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return a file with one to twelve random changes, most of them near its start."""
    file = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        place = chance.randrange(min(len(file), chance.choice((64, 1024, len(file)))))
        kind = chance.randrange(7)
        if kind == 0:
            file[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            file[place] = chance.randrange(256)
        elif kind == 2:
            width = chance.choice((1, 2, 4))
            number = chance.choice(_EXTREMES) & (256**width - 1)
            file[place : place + width] = number.to_bytes(width, chance.choice(("little", "big")))
        elif kind == 3:
            del file[place : place + chance.randint(1, 64)]
        elif kind == 4:
            file[place:place] = file[place : place + chance.randint(1, 512)]
        elif kind == 5:
            start = chance.randrange(len(other))
            file[place : place + 64] = other[start : start + 64]
        else:
            del file[max(place, 32) :]
        if not file:
            return data[:16]
    return bytes(file)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("dist/fuzz"))
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    names = list(FILES)
    intact = {name: accept_photo(FILES[name], LIMITS) for name in names}
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    end = time.monotonic() + arguments.seconds
    with IsolatedDecoder(LIMITS, 1) as decoder:
        while time.monotonic() < end:
            name = chance.choice(names)
            data = damaged(FILES[name], FILES[chance.choice(names)], chance)
            started = time.monotonic()
            try:
                decoder.decode_jpeg(decoder.accept_photo(data)[0])
                outcome = "photo"
            except UserError as error:
                outcome = error.code
            took = time.monotonic() - started
            slowest = max(slowest, took)
            assert took < PATIENCE_SECONDS, f"{name} took {took:.1f} s"
            if outcome == UnreadableImage.code:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256(data).hexdigest()[:12]
                (arguments.keep / f"{name.replace(' ', '-')}-{digest}").write_bytes(data)
            if outcome == UnreadableImage.code or chance.random() < 0.01:
                check = chance.choice(names)
                assert decoder.accept_photo(FILES[check]) == intact[check], check
            outcomes[outcome] += 1
        children = psutil.Process().children()
        assert len(children) == 1, children
        resident = children[0].memory_info().rss / 2**20
    print(f"{outcomes.total()} files in {arguments.seconds:.0f} s, seed {arguments.seed}")
    for outcome, count in outcomes.most_common():
        print(f"  {outcome:20}{count:8}")
    print(f"slowest {slowest:.2f} s; the child has {resident:.0f} MiB at the end")


if __name__ == "__main__":
    main()
