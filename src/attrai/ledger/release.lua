-- Undo the claim of join.lua for an album that could not be answered, and perhaps count its answer as
-- sent, or have each of its photos answered alone.

local id, album, field = ARGV[1], ARGV[2], ARGV[3]

if redis.call('GET', ALBUM_SENDS .. album) ~= id then return end
redis.call('DEL', ALBUM_SENDS .. album)
redis.call('HDEL', ALBUMS .. album, 'sending')
if field ~= '' and redis.call('EXISTS', ALBUMS .. album) == 1 then
    redis.call('HINCRBY', ALBUMS .. album, field, 1)
end
