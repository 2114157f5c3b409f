-- Note that the answer to a photo of an album is ready. If the album is complete, or has waited long
-- enough, claim it: return 'together', how often its answer was sent without a word whether it arrived,
-- and place, job, place, job, ... of all that are ready. Otherwise return 'wait' and for how many
-- seconds, or 'alone'.

local id, album, message, failed = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local lifetime = tonumber(ARGV[5])
local key, sends = ALBUMS .. album, ALBUM_SENDS .. album

if redis.call('HEXISTS', key, 'alone') == 1 then return { 'alone' } end
-- A photo that is not known came after the answer, or Redis has lost it.
enrol(album, id, math.min(ALBUM_PATIENCE_MIN_SECONDS, lifetime / 2), lifetime)

local missing, ready = 0, {}
local entries = redis.call('HGETALL', key)
for n = 1, #entries, 2 do
    local job, place, found = entries[n], string.match(entries[n + 1], '^(%d+) (.*)$')
    if #job == #id and place then
        if job == id then
            if found == '' and not failed then
                lengthen(key, math.min(ALBUM_PATIENCE_MIN_SECONDS, lifetime / 2))
            end
            -- A picture is better than word that it took too long.
            if found == '' or not failed then found = message end
            redis.call('HSET', key, id, place .. ' ' .. found)
        end
        if not redis.call('ZSCORE', JOBS, job) then
            redis.call('HDEL', key, job)
        elseif found == '' then
            missing = missing + 1
        else
            table.insert(ready, { tonumber(place), found })
        end
    end
end

local quiet = tonumber(redis.call('HGET', key, 'quiet')) - now
local left = tonumber(redis.call('HGET', key, 'deadline')) - now
local wait = math.min(left, missing > 0 and left or quiet)
if wait > 0 then return { 'wait', tostring(wait) } end
if not redis.call('SET', sends, id, 'NX', 'EX', ALBUM_LOCK_SECONDS)
    and redis.call('GET', sends) ~= id then return { 'wait', tostring(ALBUM_QUIET_SECONDS) } end
redis.call('EXPIRE', sends, ALBUM_LOCK_SECONDS)
redis.call('HSET', key, 'sending', 1)
table.sort(ready, function(one, other) return one[1] < other[1] end)
local claimed = { 'together', redis.call('HGET', key, 'unconfirmed') or '0' }
for _, entry in ipairs(ready) do
    table.insert(claimed, tostring(entry[1]))
    table.insert(claimed, entry[2])
end
return claimed
