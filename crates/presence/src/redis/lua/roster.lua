-- A page of a room's users by id. KEYS: online, roll, revision. ARGV: after (may be empty), limit.
-- Returns {count, more, revision, user, entry, user, entry, ...}.
local from = '-'
if ARGV[1] ~= '' then
  from = '(' .. ARGV[1]
end
local limit = tonumber(ARGV[2])
local users = redis.call('ZRANGE', KEYS[2], from, '+', 'BYLEX', 'LIMIT', 0, limit + 1)
local answer = { redis.call('HLEN', KEYS[1]), 0, revision_of(KEYS[3]) }
if #users > limit then
  answer[2] = 1
  users[#users] = nil
end
for _, user in ipairs(users) do
  answer[#answer + 1] = user
  answer[#answer + 1] = redis.call('HGET', KEYS[1], user) or ''
end
return answer
