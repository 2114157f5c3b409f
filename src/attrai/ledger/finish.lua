-- Free the slots of jobs that were answered together and count their outcomes. Return 1 if this answers
-- the first, or 0 if it was answered before. A job without a slot that was not answered lost its slot
-- while it was being delivered.

-- Count the job's outcome, unless it was answered before.
local function finish(job, date)
    local id, user, took = job.id, job.user, job.took
    local had_slot = free_slot(id) == 1
    if redis.call('ZREM', USER_JOBS .. user, id) == 1 then redis.call('SREM', FULL_USERS, user) end
    redis.call('ZREM', REFUSED_JOBS .. user, id)
    -- Only photos that were rated count.
    if job.outcome ~= 'rated' then redis.call('ZREM', USER_PHOTOS .. user, id) end
    if not had_slot and redis.call('EXISTS', ANSWERED .. id) == 1 then return 0 end
    redis.call('SET', ANSWERED .. id, '1', 'EX', ANSWERED_TTL_SECONDS)
    if took then record('deliver', took) end
    redis.call('HINCRBY', DAY .. date, 'outcome:' .. job.outcome, 1)
    for name, times in pairs(job.counts) do redis.call('HINCRBY', DAY .. date, name, times) end
    return 1
end

local date, album, jobs = ARGV[1], ARGV[2], cjson.decode(ARGV[3])

local answered = {}
for _, job in ipairs(jobs) do
    table.insert(answered, finish(job, date))
    if album ~= '' then leave_album(album, job.id) end
end
if album ~= '' and redis.call('GET', ALBUM_SENDS .. album) == jobs[1].id then
    redis.call('DEL', ALBUM_SENDS .. album)
    redis.call('HDEL', ALBUMS .. album, 'sending', 'unconfirmed')
end
return answered[1]
