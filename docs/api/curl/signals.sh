#!/usr/bin/env bash
# Signs in and lists the newest strong signals with curl and jq.
#
#   signals.sh http://127.0.0.1:8080 [email] [password]
set -euo pipefail

server=${1:-http://127.0.0.1:8080} email=${2:-trader@atlas.test} password=${3:-Demo-Passw0rd!}

# The query and its variables as a JSON body; `jq` does the quoting.
body() { jq --null-input --arg query "$1" --argjson variables "$2" '{$query, $variables}'; }

token=$(body 'mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { message } } }' \
  "$(jq --null-input --arg email "$email" --arg password "$password" '{input: {$email, $password}}')" |
  curl --silent --fail-with-body --header 'content-type: application/json' --data @- "$server/graphql" |
  jq --exit-status --raw-output '.data.login.session.accessToken')

body 'query ($filter: SignalFilter) { signals(first: 5, filter: $filter) {
        nodes { symbol timeframe direction confidence entry target stop } } }' \
  '{"filter": {"confidence": {"gte": 60}, "direction": {"in": ["BUY", "SELL"]}}}' |
  curl --silent --fail-with-body --header 'content-type: application/json' \
    --header @<(echo "authorization: Bearer $token") --data @- "$server/graphql" |
  jq --exit-status --raw-output '.data.signals.nodes[] | [.symbol, .timeframe, .direction, "\(.confidence)%", .entry, .target, .stop] | @tsv'
