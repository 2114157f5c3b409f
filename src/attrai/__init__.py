"""Finds the faces on a photo, scores each from 1 to 10 and draws the result.

from attrai import rate

rated = rate("photo.jpg")
print([face.score.value for face in rated.faces if face.score])
rated.picture.save("rated.jpg")
"""

# Importing typing would take most of the time until `attrai.__main__` handles signals. Type
# checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from attrai.pipeline import RatedPhoto, rate

__all__ = ["RatedPhoto", "rate"]


def __getattr__(name: str) -> object:
    """Import the networks once they are asked for: a health check has no use for them."""
    if name in __all__:
        from attrai import pipeline  # noqa: PLC0415 - see above

        return getattr(pipeline, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
