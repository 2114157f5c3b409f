"""The HTTP interface: photos of programs, on the same stages as those of Telegram.

channel     the stages' end: reads what was uploaded, and keeps results
results     results, until they are fetched and for five minutes at most
keys        API keys, and who is behind them
photos      admits, finds and deletes photos for a client
uploads     reads a photo from a request, and no more of it than may be
waiting     wakes those who wait for a photo
problems    errors as RFC 9457 has them, with the bot's codes and texts
documents   what the interface takes and answers, as OpenAPI
routes      the handlers of requests
connections limits of a connection, and whether an answer has arrived
server      all that as a server

`attrai.processes.api` runs it as a process, alone or with all stages.
"""
