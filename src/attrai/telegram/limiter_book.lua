-- Book a time for a message to a chat, unless it is postponed and has no turn to keep it under.
-- Return the seconds until then. Each time in Redis is a Unix time in seconds.

local chat, held, sent, cells, turn = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local interval, per_second, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

local function get(key) return tonumber(redis.call('GET', key) or 0) end

local function set(key, at, kept)
    redis.call('SET', key, string.format('%.6f', at), 'PX', math.ceil((at - now + kept) * 1000))
end

local function name(cell) return string.format('%.0f', cell) end

local at = turn and get(turn) or 0
-- A turn is void once Telegram has asked for patience beyond it.
local booked = at > 0 and at >= get(held)
local cell = math.ceil(math.max(now, get(chat), get(held)) * per_second)
if not booked then
    redis.call('ZREMRANGEBYSCORE', cells, '-inf', (now - 1) * per_second)
    while redis.call('ZSCORE', cells, name(cell)) do cell = cell + 1 end
    at = cell / per_second
end
-- The last one may have gone out later than it was booked.
local go = math.max(now, at, get(sent) + interval)
local postponed = go - now > patience
if turn or not postponed then
    if not booked then
        redis.call('ZADD', cells, cell, name(cell))
        redis.call('EXPIRE', cells, 7200)
        set(chat, at + interval, 1)
    end
    if postponed then
        set(turn, at, 3600)
    else
        set(sent, go, interval)
        if turn then redis.call('DEL', turn) end
    end
end
return tostring(go - now)
