-- Give up jobs whose answers are not being delivered: free their slots and count them as cancelled, so
-- that no stage begins work on them again. Return the ids of those that are cancelled, now or before.

local date = ARGV[1]

-- Return whether a worker delivers the answer, or has died as it did and may have sent it.
local function may_be_sent(id, album)
    if redis.call('HEXISTS', STARTS .. id, 'deliver') == 1 then return true end
    -- With another photo of its album, unless it was not ready when that was sent.
    return album and redis.call('HEXISTS', ALBUMS .. album, 'sending') == 1
        and string.find(redis.call('HGET', ALBUMS .. album, id) or '', '{', 1, true)
end

-- Give up a job in flight, and return whether it is not too late for that.
local function cancel(id)
    local readable, job = pcall(cjson.decode, redis.call('HGET', TICKETS, id) or '')
    if not readable then return false end
    local album = type(job.album) == 'string' and job.album
    if may_be_sent(id, album) then return false end
    free_slot(id)
    if album then leave_album(album, id) end
    redis.call('ZREM', USER_JOBS .. job.user, id)
    redis.call('SREM', FULL_USERS, job.user)
    redis.call('ZREM', USER_PHOTOS .. job.user, id)
    redis.call('SET', ANSWERED .. id, 'cancelled', 'EX', ANSWERED_TTL_SECONDS)
    redis.call('HINCRBY', DAY .. date, 'outcome:cancelled', 1)
    return true
end

local cancelled = {}
for place = 2, #ARGV do
    local id = ARGV[place]
    if cancel(id) or redis.call('GET', ANSWERED .. id) == 'cancelled' then
        table.insert(cancelled, id)
    end
end
return cancelled
