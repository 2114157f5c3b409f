-- Undo begin.lua for work that stopped without a crash and will be retried.

local id, stage = ARGV[1], ARGV[2]

redis.call('HDEL', STARTS .. id, stage, 'call')
if stage == 'deliver' then redis.call('DEL', DELIVERING .. id) end
if redis.call('ZSCORE', JOBS, id) then redis.call('HSET', LATER, id, stage) end
