-- Ends a ban. ARGV: user. Returns 1 if there was one.
forget_ended(now_ms())
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
