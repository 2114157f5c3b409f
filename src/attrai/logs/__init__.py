"""Logging: every record, from attrai or a library, becomes a line and a GELF message.

```
 record ──> event ──> scrubbed ─┬─> a line of JSON, or of text on a terminal
                                └─> queue ──> one thread ──> Graylog
```

Call `configure` once in each process, and only after forking.
"""

from attrai.logs.gelf import GelfAddress
from attrai.logs.setup import LogHandler, configure
from attrai.logs.uncaught import log_uncaught

__all__ = ["GelfAddress", "LogHandler", "configure", "log_uncaught"]
