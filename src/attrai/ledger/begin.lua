-- Record that a stage starts work on a job, and how long the previous stage took. Return how many
-- times it has started, 0 if the job has no slot, or -1 if another worker is delivering its answer.

local id, stage, delivery_lock, waited = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local before, seconds, bound, weight = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])

if not redis.call('ZSCORE', JOBS, id) then return 0 end
if stage == 'deliver' and
    not redis.call('SET', DELIVERING .. id, '1', 'NX', 'EX', delivery_lock) then return -1 end
local resumed = redis.call('HDEL', LATER, id) == 1
local seen = redis.call('ZSCORE', AT_STAGE .. stage, id) and
    redis.call('EXISTS', STARTS .. id) == 1
leave(id)
redis.call('ZADD', AT_STAGE .. stage, now, id)
redis.call('HSET', BEGUN, stage, now)
-- A job is admitted to its first stage before it begins there.
if not resumed and not seen then
    count(stage .. ':waited:' .. waited)
end
if redis.call('HDEL', STARTS .. id, before) == 1 then
    record(before, seconds, bound, weight)
end
return redis.call('HINCRBY', STARTS .. id, stage, 1)
