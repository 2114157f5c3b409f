-- What the ledger's scripts share. Names in capitals are declared by scripts.py: keys of Redis, as
-- described in keys.py, and constants. Times come from Redis's own clock, in Unix seconds.

local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

-- Remove the job from its stage.
local function leave(id)
    for _, stage in ipairs(STAGES) do
        redis.call('ZREM', AT_STAGE .. stage, id)
    end
end

-- Add one to a count of the current slot.
local function count(name)
    local slot = RECENT .. math.floor(time[1] / SLOT_SECONDS)
    redis.call('HINCRBY', slot, name, 1)
    redis.call('EXPIRE', slot, RECENT_SECONDS + SLOT_SECONDS)
end

-- Add the seconds that a stage worked on a job to the stage's average and histogram.
local function record(stage, seconds, bound, weight)
    local average = tonumber(redis.call('HGET', SERVICE, stage) or seconds)
    redis.call('HSET', SERVICE, stage, average + weight * (seconds - average))
    count(stage .. ':took:' .. bound)
end
