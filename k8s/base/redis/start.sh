# Writes the file of users, which users.acl describes, and becomes Redis. Only a hash of the password is
# written, and to memory.
set -eu
umask 077

hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)

# Not in a pipe, where its failure would pass: with an empty ACL file Redis lets everybody in.
users=$(sh /etc/redis/acl-lines </etc/redis/users.acl)
printf '%s\n' "$users" | sed "s/#PASSWORD_SHA256/#$hash/" >/run/roomcast/users.acl

exec redis-server /etc/redis/redis.conf --maxmemory "$REDIS_MAXMEMORY"
