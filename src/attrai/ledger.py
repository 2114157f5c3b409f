"""The ledger in Redis: which jobs are in flight, and whose."""

from __future__ import annotations

from typing import Literal, cast

from redis import Redis

from attrai.contract import Job

Admission = Literal["admitted", "user-busy", "busy"]

#: Every entry ends by itself after this many seconds, so that a crash can't leak a slot.
LIFETIME = 3600

_JOBS = "attrai:jobs"

# Both sets hold job ids, scored by the Unix time at which the entry ends.
_ADMIT = """
local jobs, user = KEYS[1], KEYS[2]
local id, lifetime, max_active, max_pending = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', jobs, '-inf', now)
redis.call('ZREMRANGEBYSCORE', user, '-inf', now)
if redis.call('ZSCORE', jobs, id) then return 'admitted' end
if redis.call('ZCARD', user) >= tonumber(max_active) then return 'user-busy' end
if redis.call('ZCARD', jobs) >= tonumber(max_pending) then return 'busy' end
redis.call('ZADD', jobs, now + lifetime, id)
redis.call('ZADD', user, now + lifetime, id)
redis.call('EXPIRE', user, lifetime)
return 'admitted'
"""

_FINISH = """
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
"""


class Ledger:
    """Admits jobs within limits and forgets them when they are answered."""

    def __init__(self, redis: Redis, *, max_active: int, max_pending: int) -> None:
        """`max_active` bounds the jobs of one user in flight, `max_pending` those of all."""
        self._redis = redis
        self._limits = (max_active, max_pending)
        self._admit = redis.register_script(_ADMIT)
        self._finish = redis.register_script(_FINISH)

    def admit(self, job: Job) -> Admission:
        """Gives the job a slot; one that has a slot keeps it."""
        keys = [_JOBS, _user_key(job)]
        answer = self._admit(keys=keys, args=[job.id, LIFETIME, *self._limits])
        return cast("Admission", answer.decode())

    def holds(self, job: Job) -> bool:
        """Whether the job has a slot: it was admitted and not answered yet."""
        return self._redis.zscore(_JOBS, job.id) is not None

    def finish(self, job: Job) -> bool:
        """Frees the job's slot; whether it had one."""
        return bool(self._finish(keys=[_JOBS, _user_key(job)], args=[job.id]))

    def in_flight(self) -> int:
        """How many jobs have a slot."""
        return self._redis.zcard(_JOBS)


def _user_key(job: Job) -> str:
    return f"attrai:user:{job.user}"
