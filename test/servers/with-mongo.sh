#!/usr/bin/env bash
# Runs a command with TEST_MONGO_URL naming a server of its own: with-mongo.sh npx jest --config jest.stores.config.js mongo
# The server is FerretDB, built from its Go module. Its updates of one document are not atomic when they come over
# several connections at once, as those of MongoDB are; so tests get one connection for each process.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
server=''
finish() {
  if [[ -n $server ]]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap finish EXIT

(cd "$here/ferretdb" && go build -o "$folder/ferretdb" .)
mkdir "$folder/data"
port=${MONGO_PORT:-27917}
"$folder/ferretdb" "127.0.0.1:$port" "$folder/data" >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then
    cat "$folder/log" >&2
    exit 1
  fi
  sleep 0.1
done
export TEST_MONGO_URL="mongodb://127.0.0.1:$port/?maxPoolSize=1"
"$@"
