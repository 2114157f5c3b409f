"""What Prometheus reads: each worker's own counts, and from the sweeper the state of the whole.

A worker counts what its stage does (`stage.py`) in files that the processes of one service
share (`shared.py`), and the sweeper looks up what the ledger and RabbitMQ hold at each scrape
(`collector.py`). Nothing is counted unless ATTRAI_METRICS_PORT is set. No label tells of a
user, a chat or a photo: all there are is `stage`, `outcome` and `part`.
"""
