# Writes the file of users and becomes Redis. A gateway may run the listed commands, on its own keys and
# channels; nobody may do anything else. Only a hash of the password is written.
set -eu
umask 077
hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)
{
    echo "user default off"
    printf 'user roomcast on #%s ~rc:* &rc:* -@all' "$hash"
    # Words are wanted here: one for each command.
    for command in $(cat /etc/redis/commands); do
        printf ' +%s' "$command"
    done
    echo
} >/run/redis/users.acl
exec redis-server /etc/redis/redis.conf
