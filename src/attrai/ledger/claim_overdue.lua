-- Return overdue jobs for a sweeper to publish, as id, ticket, id, ticket, ... and an empty string
-- for a missing ticket. Until the message of such a job is taken or counts as lost no sweeper gets
-- the job again, and there are never more than `most` such messages.

local lost_after, most = ARGV[1], tonumber(ARGV[2])

redis.call('ZREMRANGEBYSCORE', OVERDUE, '-inf', now)
local room = most - redis.call('ZCARD', OVERDUE)
local claimed = {}
if room <= 0 then return claimed end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', JOBS, '-inf', now, 'LIMIT', 0, room)) do
    redis.call('ZADD', JOBS, now + lost_after, id)
    redis.call('ZADD', OVERDUE, now + lost_after, id)
    table.insert(claimed, id)
    table.insert(claimed, redis.call('HGET', TICKETS, id) or '')
end
return claimed
