-- Give a job a slot if the limits allow it, and return an `Admission`.

local id, user, ticket, refused = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local lifetime, max_active, max_pending = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local date, max_daily, photo = ARGV[8], tonumber(ARGV[9]), ARGV[10]
local album, patience = ARGV[11], tonumber(ARGV[12])

-- What is overdue no longer counts; the sweeper answers and removes it.
local function in_flight(jobs) return redis.call('ZCOUNT', jobs, now, '+inf') end

if redis.call('ZSCORE', JOBS, id) then return 'repeated' end
if redis.call('EXISTS', ANSWERED .. id) == 1 then return 'answered' end
local slots = (refused and REFUSED_JOBS or USER_JOBS) .. user
if refused then
    if in_flight(slots) >= MAX_REFUSED then return 'ignored' end
else
    local day, day_users = DAY .. date, DAY_USERS .. date
    redis.call('HINCRBY', day, 'requests', 1)
    redis.call('PFADD', day_users, user)
    redis.call('EXPIRE', day, DAY_TTL_SECONDS)
    redis.call('EXPIRE', day_users, DAY_TTL_SECONDS)
    local photos = USER_PHOTOS .. user
    if max_daily then
        redis.call('ZREMRANGEBYSCORE', photos, '-inf', now - QUOTA_SECONDS)
        if redis.call('ZCARD', photos) >= max_daily and not redis.call('ZSCORE', photos, photo) then
            return 'daily-limit'
        end
    end
    local active = in_flight(slots)
    if active >= max_active then return 'user-busy' end
    if in_flight(JOBS) >= max_pending then return 'busy' end
    if max_daily then
        redis.call('ZADD', photos, 'NX', now, photo)
        redis.call('EXPIRE', photos, QUOTA_SECONDS)
    end
    count('admitted')
    if active + 1 >= max_active then redis.call('SADD', FULL_USERS, user) end
end
give_slot(id, slots, ticket, lifetime)
if album ~= '' then enrol(album, id, math.min(patience, lifetime / 2), lifetime) end
redis.call('ZADD', AT_STAGE .. (refused and 'deliver' or 'ingest'), now, id)
return 'admitted'
