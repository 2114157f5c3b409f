"""Redraw the reference pictures: `python -m tests.render.make_references`.

Look at each picture before committing it: the tests take it as correct from then on.
"""

from __future__ import annotations

from .scenes import REFERENCES, REVIEWED, reference, rendered


def main() -> None:
    """Write every reviewed picture."""
    REFERENCES.mkdir(exist_ok=True)
    for renderer, scene in REVIEWED:
        rendered(renderer, scene).save(reference(renderer, scene), quality=86, method=6)


if __name__ == "__main__":
    main()
