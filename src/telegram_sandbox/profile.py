"""What users see of the bot outside of its messages: its name and descriptions, by language."""

from __future__ import annotations


class Profile:
    """The bot's texts by field, such as `description`, and language; "" is for all others."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def set(self, field: str, language: str, text: str) -> None:
        """Set a text for a language code; an empty one removes it."""
        self._texts[field, language] = text

    def get(self, field: str, language: str) -> str:
        """Return the text set for exactly this language, without fallback."""
        return self._texts.get((field, language), "")

    def visible_to(self, field: str, language: str) -> str:
        """Return the text that users of a language see."""
        return self.get(field, language.partition("-")[0]) or self.get(field, "")
