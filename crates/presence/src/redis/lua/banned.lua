-- Until when somebody is banned, or 0. KEYS: bans. ARGV: user.
local till = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
if till <= now_ms() then
  return 0
end
return till
