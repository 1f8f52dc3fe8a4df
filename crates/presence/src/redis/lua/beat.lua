-- Notes until when a node life is good and finds those that are not. KEYS: nodes, by life the end
-- of its lease in ms of Redis time; one more member, with an infinite score, is the mark by which
-- a Redis that forgot everything is told from one that did not.
-- ARGV: life, lease_ms, mark to set if there is none, limit.
-- Returns {mark, ms until the next lease of another ends or -1, life, life, ...}.
local now = now_ms()
local mark = redis.call('ZRANGE', KEYS[1], '+inf', '+inf', 'BYSCORE', 'LIMIT', 0, 1)[1]
if not mark then
  mark = ARGV[3]
  redis.call('ZADD', KEYS[1], '+inf', mark)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
local ends = string.format('%.0f', now)
local answer = { mark, -1 }
local dead = redis.call('ZRANGE', KEYS[1], '-inf', ends, 'BYSCORE', 'LIMIT', 0, ARGV[4])
for _, life in ipairs(dead) do
  answer[#answer + 1] = life
end
local next_two = redis.call('ZRANGE', KEYS[1], '(' .. ends, '(+inf', 'BYSCORE', 'LIMIT', 0, 2, 'WITHSCORES')
for i = 1, #next_two, 2 do
  if next_two[i] ~= ARGV[1] and answer[2] < 0 then
    answer[2] = tonumber(next_two[i + 1]) - now
  end
end
return answer
