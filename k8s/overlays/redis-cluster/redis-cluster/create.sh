# Joins the pods to a cluster, once: where there is one already, it does nothing.
set -eu
export REDISCLI_AUTH="$REDIS_ADMIN_PASSWORD"
ask() {
    host=$1
    shift
    timeout 5 redis-cli --user admin --no-auth-warning -h "$host" -p "${PORT:-6379}" "$@"
}
nodes=
for number in 0 1 2 3 4 5; do
    host=redis-cluster-$number.redis-cluster
    until ask "$host" ping | grep -q PONG; do
        echo "waiting for $host"
        sleep 2
    done
    # A cluster is joined by addresses; it doesn't take names.
    nodes="$nodes $(getent hosts "$host" | cut -d ' ' -f 1):6379"
done
if ask redis-cluster-0.redis-cluster cluster info | grep -q 'cluster_slots_assigned:16384'; then
    echo "the cluster is there already"
    exit 0
fi
# Words are wanted here: one for each node.
redis-cli --user admin --no-auth-warning --cluster create $nodes --cluster-replicas 1 --cluster-yes
