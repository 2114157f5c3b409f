-- Put overdue jobs off, so that no other sweeper gets them, and return them as they were admitted.

local retry_seconds, most = ARGV[1], ARGV[2]

local tickets = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', JOBS, '-inf', now, 'LIMIT', 0, most)) do
    redis.call('ZADD', JOBS, now + retry_seconds, id)
    table.insert(tickets, redis.call('HGET', TICKETS, id))
end
return tickets
