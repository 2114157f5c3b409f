-- Take a photo out of its album, to be answered alone. Return 1, or 0 while a worker answers the album.

local id, album = ARGV[1], ARGV[2]

local sender = redis.call('GET', ALBUM_SENDS .. album)
if sender and sender ~= id then return 0 end
redis.call('HDEL', ALBUMS .. album, id)
return 1
