-- Record that a stage starts work on a job, and how long the previous stage took. Return how many
-- times it has started, the job's age and how long it has waited for this stage, in microseconds,
-- and 1 if it is overdue. If it must not start return only 0 if the job is answered, BEING_DELIVERED
-- if another worker delivers its answer, or UNKNOWN.

local id, user, stage, call = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local before, took, elapsed = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local lifetime, swept = tonumber(ARGV[8]), ARGV[9] == '1'

local due = redis.call('ZSCORE', JOBS, id)
if not due then return { redis.call('EXISTS', ANSWERED .. id) == 1 and 0 or UNKNOWN } end
-- The user's own sets keep the time at which a job becomes overdue, however often it was swept.
local deadline = tonumber(redis.call('ZSCORE', USER_JOBS .. user, id)
    or redis.call('ZSCORE', REFUSED_JOBS .. user, id) or due)
local age = math.max(0, now - deadline + lifetime)
-- The message of a swept job doesn't say how long the job has been at earlier stages.
local waited = swept and 0 or math.max(0, age - elapsed)
local start = { 0, age * 1e6, waited * 1e6, now >= deadline and 1 or 0 }
local last_call, number = unpack(redis.call('HMGET', STARTS .. id, 'call', stage))
number = tonumber(number or 0)
if last_call == call then
    -- The reply was lost, and the call is made again. It is one start.
    start[1] = number
    return start
end
if stage == 'deliver' and
    not redis.call('SET', DELIVERING .. id, '1', 'NX', 'EX', DELIVERY_LOCK_SECONDS)
then return { BEING_DELIVERED } end
if swept and redis.call('ZREM', OVERDUE, id) == 1 then
    local pause = math.min(math.max(SWEEP_RETRY_MIN_SECONDS, now - deadline), SWEEP_RETRY_MAX_SECONDS)
    redis.call('ZADD', JOBS, now + pause, id)
end
local resumed = redis.call('HDEL', LATER, id) == 1
local arrived = arrive(id, stage, before)
redis.call('HSET', BEGUN, stage, now)
-- A job is admitted to its first stage before it begins there.
if not resumed and (arrived or number == 0) then
    count(stage .. ':waited:' .. bucket(waited))
end
if redis.call('HDEL', STARTS .. id, before) == 1 then
    record(before, took)
end
start[1] = number + 1
redis.call('HSET', STARTS .. id, 'call', call, stage, start[1])
return start
