-- Free a job's slot and count its outcome. Return 1 if it had a slot, otherwise 0.

local id, user, date, outcome, answered_ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local seconds, bound, weight = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])

leave(id)
redis.call('DEL', STARTS .. id, DELIVERING .. id)
redis.call('HDEL', LATER, id)
if redis.call('ZREM', USER_JOBS .. user, id) == 1 then redis.call('SREM', FULL_USERS, user) end
redis.call('ZREM', REFUSED_JOBS .. user, id)
redis.call('HDEL', TICKETS, id)
local had = redis.call('ZREM', JOBS, id)
if had == 1 then
    redis.call('SET', ANSWERED .. id, '1', 'EX', answered_ttl)
    if seconds then record('deliver', seconds, bound, weight) end
    redis.call('HINCRBY', DAY .. date, 'outcome:' .. outcome, 1)
    for name = 9, #ARGV, 2 do
        redis.call('HINCRBY', DAY .. date, ARGV[name], ARGV[name + 1])
    end
end
return had
