-- Return which of the jobs with files need these no longer: those that are answered, and those that
-- the ledger has not known for so long that no message of theirs can be waiting.

local patience = tonumber(ARGV[1])

local found = {}
for place = 2, #ARGV do
    local id = ARGV[place]
    if not redis.call('ZSCORE', JOBS, id) then
        redis.call('ZADD', ORPHANS, 'NX', now, id)
        if redis.call('EXISTS', ANSWERED .. id) == 1
            or now - redis.call('ZSCORE', ORPHANS, id) > patience then
            table.insert(found, id)
        end
    end
end
-- What is found is deleted, and seen once more only if that fails.
redis.call('ZREMRANGEBYSCORE', ORPHANS, '-inf', now - 2 * patience)
return found
