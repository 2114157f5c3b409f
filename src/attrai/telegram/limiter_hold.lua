-- Block messages to a chat for a number of seconds.

local held, seconds = KEYS[1], ARGV[1]

local time = redis.call('TIME')
local held_until = time[1] + time[2] / 1e6 + seconds
redis.call('SET', held, string.format('%.6f', held_until), 'PX', math.ceil(seconds * 1000))
