-- Record that a stage starts work on a job, and how long the previous stage took. Return how many
-- times it has started, the job's age, the seconds that it has waited for this stage, and 1 if it
-- is overdue. If it must not start return only 0 if the job is answered, -1 if another worker is
-- delivering its answer, or -2 if the ledger doesn't know the job.

local id, user, stage, delivery_lock = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local before, took, elapsed = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local lifetime, swept, pause = tonumber(ARGV[8]), ARGV[9] == '1', tonumber(ARGV[10])
local max_pause, weight, call = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]

local due = redis.call('ZSCORE', JOBS, id)
if not due then return { redis.call('EXISTS', ANSWERED .. id) == 1 and 0 or -2 } end
-- The user's own sets keep the time at which a job becomes overdue, however often it was swept.
local deadline = tonumber(redis.call('ZSCORE', USER_JOBS .. user, id)
    or redis.call('ZSCORE', REFUSED_JOBS .. user, id) or due)
local age = math.max(0, now - deadline + lifetime)
-- The message of a swept job doesn't say how long the job has been at earlier stages.
local waited = swept and 0 or math.max(0, age - elapsed)
local function started(number)
    return { number, tostring(age), tostring(waited), now >= deadline and 1 or 0 }
end
-- A call is made again if its reply was lost, and a start must not be counted twice for that.
if redis.call('HGET', STARTS .. id, 'call') == call then
    return started(tonumber(redis.call('HGET', STARTS .. id, stage)))
end
if stage == 'deliver' and
    not redis.call('SET', DELIVERING .. id, '1', 'NX', 'EX', delivery_lock) then return { -1 } end
if swept and redis.call('ZREM', OVERDUE, id) == 1 then
    local overdue = math.max(0, now - deadline)
    redis.call('ZADD', JOBS, now + math.min(math.max(pause, overdue), max_pause), id)
end
local resumed = redis.call('HDEL', LATER, id) == 1
local here = redis.call('ZSCORE', AT_STAGE .. stage, id)
local seen = here and redis.call('EXISTS', STARTS .. id) == 1
if not here then leave(id, before) end
redis.call('ZADD', AT_STAGE .. stage, now, id)
redis.call('HSET', BEGUN, stage, now)
-- A job is admitted to its first stage before it begins there.
if not resumed and not seen then
    count(stage .. ':waited:' .. bucket(waited))
end
if redis.call('HDEL', STARTS .. id, before) == 1 then
    record(before, took, weight)
end
redis.call('HSET', STARTS .. id, 'call', call)
return started(redis.call('HINCRBY', STARTS .. id, stage, 1))
