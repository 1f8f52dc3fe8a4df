-- Bans somebody. ARGV: user, for_ms, max. Returns until when, or 0 if there are too many.
local now, user = now_ms(), ARGV[1]
forget_ended(now)
if not redis.call('ZSCORE', KEYS[1], user) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  return 0
end
local till = now + tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], string.format('%.0f', till), user)
redis.call('ZADD', KEYS[2], 0, user)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local left = string.format('%.0f', tonumber(last[2]) - now)
redis.call('PEXPIRE', KEYS[1], left)
redis.call('PEXPIRE', KEYS[2], left)
return till
