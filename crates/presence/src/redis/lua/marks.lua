-- A page of a room's read marks by user. KEYS: read, readers. ARGV: after (may be empty), limit.
-- Returns {more, user, mark, user, mark, ...}.
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
  local mark = redis.call('HGET', KEYS[1], user)
  if mark then
    answer[#answer + 1] = user
    answer[#answer + 1] = mark
  end
end
return answer
