-- Give a job that the ledger doesn't know a slot, whatever the limits: it was admitted before Redis
-- lost its data. Return 1, or 0 if the job was answered or is so old that this may be forgotten.

local id, user, ticket, refused = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local lifetime, max_active, admitted_at = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])

if redis.call('ZSCORE', JOBS, id) then return 1 end
if redis.call('EXISTS', ANSWERED .. id) == 1 or now - admitted_at > ANSWERED_TTL_SECONDS then return 0 end
local slots = (refused and REFUSED_JOBS or USER_JOBS) .. user
give_slot(id, slots, ticket, lifetime)
if not refused and redis.call('ZCOUNT', slots, now, '+inf') >= max_active then
    redis.call('SADD', FULL_USERS, user)
end
return 1
