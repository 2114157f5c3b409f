-- Record that a stage can't process a job yet, as the job's message has another version. Return for
-- how many seconds it has been so, as a string; or 0 if the job is answered, or UNKNOWN.

local id, stage = ARGV[1], ARGV[2]

if not redis.call('ZSCORE', JOBS, id) then
    return redis.call('EXISTS', ANSWERED .. id) == 1 and 0 or UNKNOWN
end
local since = redis.call('HGET', LATER, id) == stage and redis.call('ZSCORE', AT_STAGE .. stage, id)
if since then return tostring(now - since) end
leave(id, stage)
redis.call('ZADD', AT_STAGE .. stage, now, id)
redis.call('HSET', LATER, id, stage)
return '0'
