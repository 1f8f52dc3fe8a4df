-- Who types now. KEYS: typing. ARGV: limit.
local now = string.format('(%.0f', now_ms())
return redis.call('ZRANGE', KEYS[1], now, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[1])
