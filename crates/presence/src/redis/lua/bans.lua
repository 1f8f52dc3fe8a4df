-- Put in front of the scripts that touch bans. KEYS: bans, by user the end in ms of Redis time;
-- banroll, the same users all at score 0.

-- Those that ended cost as much to forget as they did to be written, once.
local function forget_ended(now)
  local ended = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', now), 'BYSCORE')
  for _, user in ipairs(ended) do
    redis.call('ZREM', KEYS[1], user)
    redis.call('ZREM', KEYS[2], user)
  end
end
