# Writes the file of users, which users.acl and cluster.acl describe, and becomes a member of the cluster.
# What is secret is written to memory only.
set -eu
umask 077

sha256() {
    printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

# Not in a pipe, where its failure would pass: with an empty ACL file Redis lets everybody in.
described=$(cat /etc/redis/users.acl /etc/redis/cluster.acl)
users=$(printf '%s\n' "$described" | sh /etc/redis/acl-lines)
printf '%s\n' "$users" | sed \
    -e "s/#PASSWORD_SHA256/#$(sha256 "$REDIS_PASSWORD")/" \
    -e "s/#ADMIN_PASSWORD_SHA256/#$(sha256 "$REDIS_ADMIN_PASSWORD")/" >/run/roomcast/users.acl
# Among the arguments it could be seen.
echo "masterauth $REDIS_ADMIN_PASSWORD" >/run/roomcast/replica.conf

# Tells every member our address, once this Redis answers. Where all pods came back with others at once, the file
# of the cluster's nodes holds nothing but addresses of nobody.
meet_all() {
    export REDISCLI_AUTH="$REDIS_ADMIN_PASSWORD"
    until redis-cli --user admin --no-auth-warning ping 2>/dev/null | grep -q PONG; do sleep 1; done
    for number in 0 1 2 3 4 5; do
        until address=$(getent hosts "redis-cluster-$number.redis-cluster"); do sleep 1; done
        redis-cli --user admin --no-auth-warning cluster meet "${address%% *}" 6379
    done
}

# A member of no cluster yet knows itself alone: it is created by create.sh, which wants it so.
if [ -e /data/nodes.conf ] && [ "$(grep -c '^[0-9a-f]\{40\} ' /data/nodes.conf)" -gt 1 ]; then
    meet_all &
fi

# The pod may have come back with another address; the others hear of it from us.
exec redis-server /etc/redis/redis.conf \
    --include /etc/redis/cluster.conf \
    --include /run/roomcast/replica.conf \
    --maxmemory "$REDIS_MAXMEMORY" \
    --cluster-announce-ip "$POD_IP"
