-- Takes the rooms in which typing should have been swept by now, had its node lived.
-- KEYS: the cluster's typing agenda. ARGV: slack_ms, limit. Returns rooms.
local before = string.format('%.0f', now_ms() - tonumber(ARGV[1]))
local rooms = redis.call('ZRANGE', KEYS[1], '-inf', before, 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, room in ipairs(rooms) do
  redis.call('ZREM', KEYS[1], room)
end
return rooms
