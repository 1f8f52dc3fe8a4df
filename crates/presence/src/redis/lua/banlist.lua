-- A page of a room's bans by user. ARGV: after (may be empty), limit.
-- Returns {more, user, until, user, until, ...}.
forget_ended(now_ms())
local from = '-'
if ARGV[1] ~= '' then
  from = '(' .. ARGV[1]
end
local limit = tonumber(ARGV[2])
local users = redis.call('ZRANGE', KEYS[2], from, '+', 'BYLEX', 'LIMIT', 0, limit + 1)
local answer = { 0 }
if #users > limit then
  answer[1] = 1
  users[#users] = nil
end
for _, user in ipairs(users) do
  answer[#answer + 1] = user
  answer[#answer + 1] = tonumber(redis.call('ZSCORE', KEYS[1], user) or 0)
end
return answer
