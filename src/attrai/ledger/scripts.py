"""The ledger's Lua scripts, each of which updates related keys in one atomic step.

Keys, all prefixed with `attrai:`
    jobs            sorted set of job ids by the time at which they become overdue
    tickets         hash of job id -> the job as it was admitted, used to answer it
    user:USER       sorted set of that user's job ids, like `jobs`
    at:STAGE        sorted set of the ids of the jobs that started this stage and no later one,
                    by the time they did: being processed there or waiting for the next
    starts:ID       hash of stage -> number of times work on the job started without ending
    later           hash of job id -> the stage at which the job is to be retried
    delivering:ID   present while a worker delivers the answer
    answered:ID     present for a day after the answer
    refused:USER    sorted set of that user's job ids that were refused a slot, like `jobs`
    full            set of the users who are at their limit of jobs in flight
    service         hash of stage -> moving average of the seconds of work on a job
    begun           hash of stage -> the time at which work on a job last started there
    recent:SLOT     hash of counts of a few seconds, kept for minutes: `admitted`, and for each
                    stage the histograms `STAGE:waited:BOUND` (counted when work starts) and
                    `STAGE:took:BOUND`
    workers:STAGE   sorted set of live workers by the time of their last heartbeat
    day:DATE        hash of counts of that day: `requests`, `outcome:CODE`, `dropped-logs`, and for
                    rated photos the histograms `seconds:BOUND` (until the answer), `work:BOUND`
                    and `score:BIN`
    users:DATE      HyperLogLog of the users who sent requests that day

Times come from Redis's own clock, in Unix seconds. Each script names its arguments in its first
lines.
"""

from attrai.job import STAGES

#: Seconds that are counted together in a slot, and seconds for which slots are kept. An operator
#: should see a change within 10 seconds.
SLOT_SECONDS, RECENT_SECONDS = 5, 300

COMMON = """
local function key(...) return 'attrai:' .. table.concat({...}, ':') end
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function leave(id)
    for _, stage in ipairs({STAGES}) do
        redis.call('ZREM', key('at', stage), id)
    end
end
local function count(name)
    local slot = key('recent', math.floor(time[1] / SLOT))
    redis.call('HINCRBY', slot, name, 1)
    redis.call('EXPIRE', slot, RECENT)
end
local function record(stage, seconds, bound, share)
    local recent = tonumber(redis.call('HGET', key('service'), stage) or seconds)
    redis.call('HSET', key('service'), stage, recent + share * (seconds - recent))
    count(stage .. ':took:' .. bound)
end
"""
COMMON = (
    COMMON.replace("STAGES", ", ".join(map(repr, STAGES)))
    .replace("SLOT", str(SLOT_SECONDS))
    .replace("RECENT", str(RECENT_SECONDS + SLOT_SECONDS))
)

ADMIT = """
local id, user, ref, refused = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local lifetime, max_active, max_pending = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local max_refused, date, kept = tonumber(ARGV[8]), ARGV[9], ARGV[10]
if redis.call('ZSCORE', key('jobs'), id) then return 'repeated' end
if redis.call('EXISTS', key('answered', id)) == 1 then return 'answered' end
local function in_flight(...) return redis.call('ZCOUNT', key(...), now, '+inf') end
-- What is overdue no longer counts; the sweeper answers and removes it.
local day, users = key('day', date), key('users', date)
if not refused then
    redis.call('HINCRBY', day, 'requests', 1)
    redis.call('PFADD', users, user)
    redis.call('EXPIRE', day, kept)
    redis.call('EXPIRE', users, kept)
    if in_flight('user', user) >= max_active then return 'user-busy' end
    if in_flight('jobs') >= max_pending then return 'busy' end
elseif in_flight('refused', user) >= max_refused then
    return 'ignored'
end
if not refused then
    count('admitted')
    if in_flight('user', user) + 1 >= max_active then redis.call('SADD', key('full'), user) end
end
local slots = key(refused and 'refused' or 'user', user)
redis.call('ZADD', key('jobs'), now + lifetime, id)
redis.call('ZADD', slots, now + lifetime, id)
redis.call('EXPIRE', slots, kept)
redis.call('HSET', key('tickets'), id, ref)
redis.call('ZADD', key('at', refused and 'deliver' or 'ingest'), now, id)
return 'admitted'
"""

BEGIN = """
local id, stage, delivery, waited = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local before, seconds, bound, share = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
if not redis.call('ZSCORE', key('jobs'), id) then return 0 end
if stage == 'deliver' and
    not redis.call('SET', key('delivering', id), '1', 'NX', 'EX', delivery) then return -1 end
local resumed = redis.call('HDEL', key('later'), id) == 1
local seen = redis.call('ZSCORE', key('at', stage), id) and
    redis.call('EXISTS', key('starts', id)) == 1
leave(id)
redis.call('ZADD', key('at', stage), now, id)
redis.call('HSET', key('begun'), stage, now)
-- A job is admitted to its first stage before it begins there.
if not resumed and not seen then
    count(stage .. ':waited:' .. waited)
end
if redis.call('HDEL', key('starts', id), before) == 1 then
    record(before, seconds, bound, share)
end
return redis.call('HINCRBY', key('starts', id), stage, 1)
"""

PAUSE = """
local id, stage = ARGV[1], ARGV[2]
redis.call('HDEL', key('starts', id), stage)
if stage == 'deliver' then redis.call('DEL', key('delivering', id)) end
if redis.call('ZSCORE', key('jobs'), id) then redis.call('HSET', key('later'), id, stage) end
"""

FINISH = """
local id, user, date, outcome, remembered = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seconds, bound, share = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
leave(id)
redis.call('DEL', key('starts', id), key('delivering', id))
redis.call('HDEL', key('later'), id)
if redis.call('ZREM', key('user', user), id) == 1 then redis.call('SREM', key('full'), user) end
redis.call('ZREM', key('refused', user), id)
redis.call('HDEL', key('tickets'), id)
local had = redis.call('ZREM', key('jobs'), id)
if had == 1 then
    redis.call('SET', key('answered', id), '1', 'EX', remembered)
    if seconds then record('deliver', seconds, bound, share) end
    redis.call('HINCRBY', key('day', date), 'outcome:' .. outcome, 1)
    for name = 9, #ARGV, 2 do
        redis.call('HINCRBY', key('day', date), ARGV[name], ARGV[name + 1])
    end
end
return had
"""

TAKE_OVERDUE = """
local later, most = ARGV[1], ARGV[2]
local found = redis.call('ZRANGEBYSCORE', key('jobs'), '-inf', now, 'LIMIT', 0, most)
local tickets = {}
for _, id in ipairs(found) do
    redis.call('ZADD', key('jobs'), now + later, id)
    table.insert(tickets, redis.call('HGET', key('tickets'), id))
end
return tickets
"""
