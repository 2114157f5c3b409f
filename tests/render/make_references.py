"""Draws the reference pictures anew: `python -m tests.render.make_references`.

Look at each of them before you commit it: from then on it is what is right.
"""

from __future__ import annotations

from .scenes import REFERENCES, REVIEWED, reference, rendered


def main() -> None:
    """Writes every reviewed picture."""
    REFERENCES.mkdir(exist_ok=True)
    for renderer, scene in REVIEWED:
        rendered(renderer, scene).save(reference(renderer, scene), quality=86, method=6)


if __name__ == "__main__":
    main()
