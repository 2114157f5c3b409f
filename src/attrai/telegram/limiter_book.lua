-- Book a time for a number of messages that are sent to a chat at once, unless they are postponed and
-- have no turn to keep it under. Return the seconds until then. Each time in Redis is a Unix time in
-- seconds.

local chat, held, sent, cells, minute, turn = unpack(KEYS)
local interval, per_second, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count, per_minute = tonumber(ARGV[4]), tonumber(ARGV[5])
-- Where no minute is limited, the next message waits as long as it would after single messages.
local spacing = per_minute and interval or count * interval

local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6

local function get(key) return tonumber(redis.call('GET', key) or 0) end

local function set(key, at, kept)
    redis.call('SET', key, string.format('%.6f', at), 'PX', math.ceil((at - now + kept) * 1000))
end

local function name(cell) return string.format('%.0f', cell) end

-- Return the first time from `at` on at which no minute has too many messages to the chat.
local function after_full_minute(at)
    while per_minute do
        local since = string.format('(%.6f', at - 60)
        local others = redis.call('ZRANGEBYSCORE', minute, since, at, 'WITHSCORES')
        local excess = #others / 2 + count - per_minute
        if excess <= 0 then break end
        at = others[2 * excess] + 60
    end
    return at
end

-- Count the messages, or count them no longer, under a name of their own.
local function count_in_minute(whose, at)
    if not per_minute then return end
    for number = 1, count do
        if at then
            redis.call('ZADD', minute, string.format('%.6f', at), whose .. ':' .. number)
        else
            redis.call('ZREM', minute, whose .. ':' .. number)
        end
    end
    redis.call('EXPIRE', minute, 7200)
end

if turn then count_in_minute(turn, nil) end
local at = turn and get(turn) or 0
-- A turn is void once Telegram has asked for patience beyond it.
local booked = at > 0 and at >= get(held)
local block = {}
if not booked then
    redis.call('ZREMRANGEBYSCORE', cells, '-inf', (now - 1) * per_second)
    redis.call('ZREMRANGEBYSCORE', minute, '-inf', now - 60)
    local cell = math.ceil(after_full_minute(math.max(now, get(chat), get(held))) * per_second)
    -- Messages that are sent at once take as many cells before and after, so that no second has more
    -- than its share.
    while #block < 2 * count - 1 do
        if not redis.call('ZSCORE', cells, name(cell)) then table.insert(block, cell) end
        cell = cell + 1
    end
    at = block[count] / per_second
end
-- The last one may have gone out later than it was booked.
local go = after_full_minute(math.max(now, at, get(sent) + interval))
local postponed = go - now > patience
if turn or not postponed then
    if not booked then
        for _, cell in ipairs(block) do redis.call('ZADD', cells, cell, name(cell)) end
        redis.call('EXPIRE', cells, 7200)
        set(chat, at + spacing, 1)
    end
    if postponed then
        set(turn, at, 3600)
        count_in_minute(turn, go)
    else
        set(sent, go + spacing - interval, interval)
        count_in_minute(string.format('%.6f', go), go)
        if turn then redis.call('DEL', turn) end
    end
end
return tostring(go - now)
