-- Takes those whose typing ran out. KEYS: typing. ARGV: limit.
-- Returns {ms until the next runs out or -1, its end, user, user, ...}.
local now = now_ms()
local ended = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, ARGV[1])
local answer = { -1, 0 }
for _, user in ipairs(ended) do
  redis.call('ZREM', KEYS[1], user)
  answer[#answer + 1] = user
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  answer[1] = math.max(0, tonumber(first[2]) - now)
  answer[2] = tonumber(first[2])
end
return answer
