-- What the ledger's scripts share. Names in capitals are declared by scripts.py: keys of Redis, as
-- described in keys.py, and constants. Times come from Redis's own clock, in Unix seconds.

local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

-- Give a job a slot, and store it as it was admitted.
local function give_slot(id, slots, ticket, lifetime, expire)
    redis.call('ZADD', JOBS, now + lifetime, id)
    redis.call('ZADD', slots, now + lifetime, id)
    redis.call('EXPIRE', slots, expire)
    redis.call('HSET', TICKETS, id, ticket)
end

-- Remove the job from its stage, which is most likely the given one.
local function leave(id, likely)
    if redis.call('ZREM', AT_STAGE .. likely, id) == 1 then return end
    for _, stage in ipairs(STAGES) do
        redis.call('ZREM', AT_STAGE .. stage, id)
    end
end

-- Remove what doesn't outlast a job's slot, apart from what is stored under its user.
local function free_slot(id)
    leave(id, 'deliver')
    redis.call('DEL', STARTS .. id, DELIVERING .. id)
    redis.call('HDEL', LATER, id)
    redis.call('HDEL', TICKETS, id)
    redis.call('ZREM', OVERDUE, id)
    return redis.call('ZREM', JOBS, id)
end

-- Add one to a count of the current slot.
local function count(name)
    local slot = RECENT .. math.floor(time[1] / SLOT_SECONDS)
    redis.call('HINCRBY', slot, name, 1)
    redis.call('EXPIRE', slot, RECENT_SECONDS + SLOT_SECONDS)
end

-- Return the upper bound of the histogram's bucket that a time falls into, as histogram.py does.
local function bucket(seconds)
    local steps = math.ceil(math.log(math.max(seconds, SHORTEST) / SHORTEST) / math.log(STEP) - 1e-9)
    return string.format('%.6f', SHORTEST * STEP ^ steps)
end

-- Add the seconds that a stage worked on a job to the stage's average and histogram.
local function record(stage, seconds, weight)
    local average = tonumber(redis.call('HGET', SERVICE, stage) or seconds)
    redis.call('HSET', SERVICE, stage, average + weight * (seconds - average))
    count(stage .. ':took:' .. bucket(seconds))
end
