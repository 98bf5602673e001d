#!/usr/bin/env bash
# Runs a command with TEST_REDIS_URL naming a server of its own: with-redis.sh npx jest --config jest.stores.config.js redis
set -euo pipefail
folder=$(mktemp -d)
server=''
finish() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap finish EXIT

port=${REDIS_PORT:-27979}
redis-server --bind 127.0.0.1 --port "$port" --dir "$folder" --save '' >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then
    cat "$folder/log" >&2
    exit 1
  fi
  sleep 0.1
done
export TEST_REDIS_URL="redis://127.0.0.1:$port/0"
"$@"
