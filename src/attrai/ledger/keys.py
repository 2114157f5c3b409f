"""The keys of everything that attrai stores in Redis.

No other file spells a key. Names that end in a colon are completed by what the comment says, as in
`keys.AT_STAGE + stage`. The ledger's scripts know the names too (see `attrai.ledger.scripts`).

A release must not rename a key or change what it holds: it finds what the last one left in Redis,
and workers of both share it during an update.
"""

#: Sorted set of the ids of the jobs in flight, by the time at which they become overdue; for those
#: that are, by the time from which the sweeper may publish them again.
JOBS = "attrai:jobs"
#: Hash of job id -> the job as it was admitted, used to answer it.
TICKETS = "attrai:tickets"
#: USER: sorted set of that user's job ids, by the time at which they become overdue.
USER_JOBS = "attrai:user:"
#: USER: sorted set of that user's job ids that were refused a slot, like `USER_JOBS`.
REFUSED_JOBS = "attrai:refused:"
#: USER: sorted set of the ids of that user's jobs that count towards the daily limit, by the time
#: at which they were admitted.
USER_PHOTOS = "attrai:photos:"
#: Set of the users who are at their limit of jobs in flight.
FULL_USERS = "attrai:full"
#: STAGE: sorted set of the ids of the jobs that started this stage and no later one, by the time
#: they did: being processed there or waiting for the next.
AT_STAGE = "attrai:at:"
#: ID: hash of stage -> number of times work on the job started without ending, and `call` -> the
#: call that counted last.
STARTS = "attrai:starts:"
#: Hash of job id -> the stage at which the job is to be retried.
LATER = "attrai:later"
#: ID: present while a worker delivers the answer.
DELIVERING = "attrai:delivering:"
#: ID: present for a day after the answer; `cancelled` if the user gave the job up.
ANSWERED = "attrai:answered:"
#: ALBUM: hash of job id -> its number in the album, a blank, and the job once its answer is ready;
#: `places` -> how many numbers are taken, which outlasts the answer for minutes; `quiet` -> the
#: time until which more photos may come; `deadline` -> the time from which those that are ready
#: don't wait; `sending` -> present while they are sent, or if that worker died; `unconfirmed` ->
#: how often the answer was sent without a word whether it arrived; `alone` -> present if each photo
#: is to be answered alone.
ALBUMS = "attrai:album:"
#: ALBUM: present while a worker delivers the answer: the job with whose message it does.
ALBUM_SENDS = "attrai:album-sends:"
#: Sorted set of the ids of overdue jobs whose message from the sweeper has not reached a worker
#: yet, by the time from which the message counts as lost.
OVERDUE = "attrai:overdue"
#: Sorted set of the ids of jobs that the ledger doesn't know and that have files, by the time at
#: which the sweeper first saw these, or an earlier one, so that it deletes them sooner.
ORPHANS = "attrai:orphans"
#: Hash of stage -> moving average of the seconds of work on a job.
SERVICE = "attrai:service"
#: Hash of stage -> the time at which work on a job last started there.
BEGUN = "attrai:begun"
#: STAGE: sorted set of live workers by the time of their last heartbeat.
WORKERS = "attrai:workers:"
#: SLOT: hash of counts of a few seconds, kept for minutes: `admitted`, and for each stage the
#: histograms `STAGE:waited:BOUND` (counted when work starts) and `STAGE:took:BOUND`.
RECENT = "attrai:recent:"
#: DATE: hash of counts of that day: `requests`, `outcome:CODE`, `dropped-logs`, and for rated
#: photos the histograms `seconds:BOUND` (until the answer), `work:BOUND` and `score:BIN`.
DAY = "attrai:day:"
#: DATE: HyperLogLog of the users who sent requests that day.
DAY_USERS = "attrai:users:"

#: CHAT, a pseudonym: the earliest time of the next message to the chat.
SENDS = "attrai:sends:"
#: Suffixes of `SENDS` + CHAT: the time until which Telegram wants no message, and the time of the
#: last message.
SENDS_HELD, SENDS_SENT = ":held", ":sent"
#: Suffix of `SENDS` + CHAT: sorted set of the messages to a group, by their times, of a minute.
SENDS_MINUTE = ":minute"
#: Sorted set of the cells that are booked for a message, of all chats together.
SENDS_CELLS = "attrai:sends:cells"
#: TURN: the time for which the message that asks again is booked.
SENDS_TURN = "attrai:sends:turn:"

#: USER, a pseudonym: the language they chose, kept for a year after their last request.
LANGUAGE = "attrai:language:"
#: Hash of the bot's progress messages, by the id of their first job.
NOTICES = "attrai:notices"
#: Hash of the id of a message's first job -> the replica of the bot that keeps the message.
NOTICES_BOTS = "attrai:notices:bots"
#: Hash of the id of a job -> the first job of the message that another replica is to count it in.
NOTICES_JOINED = "attrai:notices:joined"
#: A pseudonym of a photo or an album: the replica that announced it, and the first job of the
#: message.
NOTICES_CLAIM = "attrai:notices:claim:"
#: The id of a message's first job: the replica that adopts the message.
NOTICES_ORPHAN = "attrai:notices:orphan:"
#: REPLICA: present while this replica of the bot is alive.
BOT = "attrai:bot:"
#: ALBUM, a pseudonym: the caption of the album, sealed.
CAPTION = "attrai:caption:"
#: UPDATE, a pseudonym: present for some time after the update was handled.
UPDATE = "attrai:update:"
#: Sorted set of the users whom operators have blocked, by the time at which they did.
BLOCKED = "attrai:blocked"
#: USER: present while that user need not be told again that they may not use the bot.
TOLD = "attrai:told:"
#: ID: present while a request to the HTTP interface uploads the photo of that job.
API_UPLOAD = "attrai:api:upload:"
#: Written at a start, to find out whether Redis can be written to.
PROBE = "attrai:probe"
