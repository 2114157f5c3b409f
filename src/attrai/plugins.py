"""Plug-ins: what installed packages register under an entry point group, found and opened by name.

Renderers, channels, detectors and scorers are found this way, attrai's own ones too.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from attrai.errors import CannotStart, SettingsError

T = TypeVar("T")


class UnknownPlugin(CannotStart):
    """No plug-in of a kind has this name; the message is one line that lists the known names."""


class UnusablePlugin(CannotStart):
    """A plug-in can't be used; the message is one line that names it."""


@dataclass(frozen=True)
class Plugins(Generic[T]):
    """The installed plug-ins of one kind.

    Each is registered under a name, as a class or a function that is called to open it.
    """

    #: What one of them is called, for messages.
    kind: str
    #: The entry point group.
    group: str
    #: The protocol that an opened plug-in follows.
    protocol: type[T]
    unknown: type[UnknownPlugin] = UnknownPlugin
    unusable: type[UnusablePlugin] = UnusablePlugin

    def names(self) -> list[str]:
        """Return the names of the installed plug-ins in alphabetical order, without loading any."""
        return sorted({entry.name for entry in entry_points(group=self.group)})

    def open(self, name: str, *arguments: object) -> T:
        """Load the plug-in registered as `name`, and call it with `arguments`.

        Raises:
            UnknownPlugin: no installed package registers this name.
            UnusablePlugin: it fails to load, or what it returns doesn't follow the protocol.
            SettingsError: it says that a setting is wrong.
            CannotStart: it says that it can't work.
        """
        opened = self.open_if_set_up(name, *arguments)
        if opened is None:
            raise self._unusable(self._find(name), "is None when it is opened")
        return opened

    def open_if_set_up(self, name: str, *arguments: object) -> T | None:
        """Do as `open` does, but return None for a plug-in that returns None."""
        entry = self._find(name)
        try:
            opened: object = entry.load()(*arguments)
        except (SettingsError, CannotStart):
            raise
        except Exception as error:  # third-party code may raise anything
            problem = " ".join(f"{type(error).__name__}: {error}".split())
            raise self._unusable(entry, f"can't be loaded: {problem}") from error
        if opened is None:
            return None
        missing = [member for member in _members(self.protocol) if not hasattr(opened, member)]
        if missing:
            raise self._unusable(entry, f"has no `{missing[0]}`")
        return cast("T", opened)

    def _find(self, name: str) -> EntryPoint:
        found = entry_points(group=self.group, name=name)
        if not found:
            raise self.unknown(f"no {self.kind} {name!r}; there are {', '.join(self.names())}")
        if len(found) > 1:
            # Which one comes first depends on the order in which packages were installed.
            others = " and ".join(sorted(entry.value for entry in found))
            raise self.unusable(f"{self.kind} {name!r} is registered more than once: {others}")
        return next(iter(found))

    def _unusable(self, entry: EntryPoint, problem: str) -> UnusablePlugin:
        return self.unusable(f"{self.kind} {entry.name!r} ({entry.value}) {problem}")


def _members(protocol: type) -> list[str]:
    """Return the names of a protocol's methods and attributes, in the order of its definition."""
    return [
        name for name in (*protocol.__annotations__, *vars(protocol)) if not name.startswith("_")
    ]
