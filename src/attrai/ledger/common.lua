-- What the ledger's scripts share. Names in capitals stand for keys of Redis, which keys.py describes,
-- and for constants; scripts.py puts their values in. Times come from Redis's own clock, in Unix
-- seconds.

local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

-- Give a job a slot, and store it as it was admitted.
local function give_slot(id, slots, ticket, lifetime)
    redis.call('ZADD', JOBS, now + lifetime, id)
    redis.call('ZADD', slots, now + lifetime, id)
    redis.call('EXPIRE', slots, DAY_TTL_SECONDS)
    redis.call('HSET', TICKETS, id, ticket)
end

-- Remove the job from its stage, which is most likely the given one, unless it has come to another.
local function leave(id, likely, come_to)
    if redis.call('ZREM', AT_STAGE .. likely, id) == 1 then return end
    for _, stage in ipairs(STAGES) do
        if stage ~= come_to then redis.call('ZREM', AT_STAGE .. stage, id) end
    end
end

-- Put the job at a stage from now on, and return whether it was at another, most likely `before`.
local function arrive(id, stage, before)
    local arrived = redis.call('ZADD', AT_STAGE .. stage, now, id) == 1
    if arrived then leave(id, before, stage) end
    return arrived
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
    -- The first count of a slot is among those that are now 1.
    if redis.call('HINCRBY', slot, name, 1) == 1 then
        redis.call('EXPIRE', slot, RECENT_SECONDS + SLOT_SECONDS)
    end
end

-- Return the upper bound of the histogram's bucket that a time falls into, as histogram.py does.
local function bucket(seconds)
    local steps = math.ceil(math.log(math.max(seconds, SHORTEST) / SHORTEST) / math.log(STEP) - 1e-9)
    return string.format('%.6f', SHORTEST * STEP ^ steps)
end

-- Add the seconds that a stage worked on a job to the stage's average and histogram.
local function record(stage, seconds)
    local average = tonumber(redis.call('HGET', SERVICE, stage) or seconds)
    redis.call('HSET', SERVICE, stage, average + EMA_WEIGHT * (seconds - average))
    count(stage .. ':took:' .. bucket(seconds))
end

-- Have the photos of an album wait for at least so many seconds from now on.
local function lengthen(key, patience)
    local deadline = tonumber(redis.call('HGET', key, 'deadline') or 0)
    redis.call('HSET', key, 'deadline', math.max(deadline, now + patience))
end

-- Note that an album has one more photo, for which the others wait.
local function enrol(album, id, patience, lifetime)
    local key = ALBUMS .. album
    if redis.call('HEXISTS', key, id) == 1 then return end
    redis.call('HSET', key, id, redis.call('HINCRBY', key, 'places', 1) .. ' ',
        'quiet', now + ALBUM_QUIET_SECONDS)
    lengthen(key, patience)
    redis.call('EXPIRE', key, math.ceil(2 * lifetime + SWEPT_LOST_SECONDS))
end

-- Note that a photo of an album is not in flight any more.
local function leave_album(album, id)
    local key = ALBUMS .. album
    redis.call('HDEL', key, id)
    for _, name in ipairs(redis.call('HKEYS', key)) do
        if #name == #id then return end
    end
    local places = redis.call('HGET', key, 'places')
    if places then
        -- A photo that comes late gets the next number.
        redis.call('DEL', key)
        redis.call('HSET', key, 'places', places)
        redis.call('EXPIRE', key, ALBUM_MEMORY_SECONDS)
    end
end
