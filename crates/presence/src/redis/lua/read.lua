-- Moves a read mark forward. KEYS: read, by user "<epoch> <seq> <when it moved>"; readers.
-- ARGV: user, epoch, seq, ttl_ms, max. Returns 1 if it moved. A seq is below 2^53, so Lua compares
-- it exactly. When there are too many, the one of a sample that moved longest ago goes: to know the
-- oldest of all would take a third structure as large as the room.
local user = ARGV[1]
local before = redis.call('HGET', KEYS[1], user)
if before then
  local epoch, seq = string.match(before, '^(%x+) (%d+)')
  if epoch == ARGV[2] and tonumber(seq) >= tonumber(ARGV[3]) then
    return 0
  end
end
local value = ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. string.format('%.0f', now_ms())
redis.call('HSET', KEYS[1], user, value)
redis.call('ZADD', KEYS[2], 0, user)
-- Two at a time, so that a bound that was lowered is reached some day.
local surplus = math.min(2, redis.call('HLEN', KEYS[1]) - tonumber(ARGV[5]))
for _ = 1, surplus do
  local sample = redis.call('HRANDFIELD', KEYS[1], 16, 'WITHVALUES')
  local oldest, oldest_at = nil, nil
  for i = 1, #sample, 2 do
    local at = tonumber(string.match(sample[i + 1], ' (%d+)$'))
    if sample[i] ~= user and (not oldest or at < oldest_at) then
      oldest, oldest_at = sample[i], at
    end
  end
  if oldest then
    redis.call('HDEL', KEYS[1], oldest)
    redis.call('ZREM', KEYS[2], oldest)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
