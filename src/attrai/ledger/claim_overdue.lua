-- Return overdue jobs for a sweeper to publish, as id, ticket, id, ticket, ... and an empty string
-- for a missing ticket. Until the message of such a job is taken or counts as lost no sweeper gets
-- the job again, and there are never more than MAX_SWEPT such messages.

redis.call('ZREMRANGEBYSCORE', OVERDUE, '-inf', now)
local room = MAX_SWEPT - redis.call('ZCARD', OVERDUE)
local claimed = {}
if room <= 0 then return claimed end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', JOBS, '-inf', now, 'LIMIT', 0, room)) do
    redis.call('ZADD', JOBS, now + SWEPT_LOST_SECONDS, id)
    redis.call('ZADD', OVERDUE, now + SWEPT_LOST_SECONDS, id)
    table.insert(claimed, id)
    table.insert(claimed, redis.call('HGET', TICKETS, id) or '')
end
return claimed
