# Writes the file of users and becomes a member of the cluster. A gateway may run the listed commands, on
# its own keys and channels; replicas may follow; the administrator may do anything. Only hashes are written.
set -eu
umask 077
sha256() {
    printf %s "$1" | sha256sum | cut -d ' ' -f 1
}
{
    echo "user default off"
    echo "user admin on #$(sha256 "$REDIS_ADMIN_PASSWORD") ~* &* +@all"
    echo "user replica on #$(sha256 "$REDIS_ADMIN_PASSWORD") +psync +replconf +ping"
    printf 'user roomcast on #%s ~rc:* &rc:* -@all' "$(sha256 "$REDIS_PASSWORD")"
    # Words are wanted here: one for each command.
    for command in $(cat /etc/redis/commands); do
        printf ' +%s' "$command"
    done
    echo
} >/run/redis/users.acl
# What must not be seen among the arguments.
echo "masterauth $REDIS_ADMIN_PASSWORD" >/run/redis/replica.conf
# The pod may have come back with another address; the others hear of it from us.
exec redis-server /etc/redis/redis.conf --include /run/redis/replica.conf --cluster-announce-ip "$POD_IP"
