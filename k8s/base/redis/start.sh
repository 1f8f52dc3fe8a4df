# Writes the file of users, which users.acl describes, and becomes Redis. Only a hash of the password is
# written, and to memory.
set -eu
umask 077

version=$(redis-server --version | sed 's/.* v=\([0-9]*\.[0-9]*\).*/\1/')

# Whether this Redis is as new as version $1.
is_from() {
    oldest=$(printf '%s\n%s\n' "$1" "$version" | sort -t . -k 1,1n -k 2,2n | head -n 1)
    [ "$oldest" = "$1" ]
}

hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)

# Redis wants a user in one line.
one_line_each() {
    grep -v -e '^#' -e '^$' | while read -r line; do
        case $line in
        *' from '*)
            is_from "${line##* }" || continue
            line=${line%% from *}
            ;;
        esac
        case $line in
        'user '*) printf '\n%s' "$line" ;;
        *) printf ' %s' "$line" ;;
        esac
    done
    echo
}

one_line_each </etc/redis/users.acl | sed "s/#PASSWORD_SHA256/#$hash/" >/run/roomcast/users.acl

exec redis-server /etc/redis/redis.conf --maxmemory "$REDIS_MAXMEMORY"
