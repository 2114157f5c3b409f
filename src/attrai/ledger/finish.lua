-- Free a job's slot and count its outcome. Return 1 if this answers the job, or 0 if it was answered
-- before. A job without a slot that was not answered lost its slot while it was being delivered.

local id, user, date, outcome, took = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local had_slot = free_slot(id) == 1
if redis.call('ZREM', USER_JOBS .. user, id) == 1 then redis.call('SREM', FULL_USERS, user) end
redis.call('ZREM', REFUSED_JOBS .. user, id)
-- Only photos that were rated count.
if outcome ~= 'rated' then redis.call('ZREM', USER_PHOTOS .. user, id) end
if not had_slot and redis.call('EXISTS', ANSWERED .. id) == 1 then return 0 end
redis.call('SET', ANSWERED .. id, '1', 'EX', ANSWERED_TTL_SECONDS)
if took then record('deliver', took) end
redis.call('HINCRBY', DAY .. date, 'outcome:' .. outcome, 1)
for name = 6, #ARGV, 2 do
    redis.call('HINCRBY', DAY .. date, ARGV[name], ARGV[name + 1])
end
return 1
