-- Undo claim_overdue.lua for jobs that could not be published.

for _, id in ipairs(ARGV) do
    if redis.call('ZREM', OVERDUE, id) == 1 then redis.call('ZADD', JOBS, 'XX', now, id) end
end
