"""Logs: every record, ours and the libraries', is one line of JSON and one GELF message.

```
 record ──> event ──> scrubbed ─┬─> a line of JSON on the stream
                                └─> queue ──> one thread ──> Graylog
```

`configure` sets this up, once per process and after any fork.
"""

from attrai.logs.gelf import GelfAddress
from attrai.logs.setup import LogHandler, configure

__all__ = ["GelfAddress", "LogHandler", "configure"]
