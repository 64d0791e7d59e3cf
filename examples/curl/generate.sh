#!/bin/sh
# From a prompt to a picture by HTTP, with curl alone: generate.sh "a lighthouse at dusk" lighthouse.jpg
# DARKROOM_URL and DARKROOM_KEY are what `npm start` prints.
set -eu
prompt=${1:-a lighthouse at dusk}
file=${2:-lighthouse.jpg}
call() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $DARKROOM_KEY" "$@"; }

# The prompt as JSON: backslashes and quotes are the only characters of a line that need care.
escaped=$(printf '%s' "$prompt" | sed 's/\\/\\\\/g; s/"/\\"/g')

# The key makes a repeated call find the first generation instead of buying a second one.
created=$(call --header 'Content-Type: application/json' --header "Idempotency-Key: ${ORDER:-$(date +%s)-$$}" --header 'Prefer: wait=60' \
  --data "{\"positivePrompt\":\"$escaped\",\"width\":1280,\"height\":896}" "$DARKROOM_URL/v1/generations")
id=$(printf '%s' "$created" | sed -n 's/^{"generationId":"\([^"]*\)".*/\1/p')

# The answer may come before the image: ask until it is there.
until call --header 'Accept: application/json' "$DARKROOM_URL/v1/generations/$id/images/0" > /dev/null 2>&1; do
  call "$DARKROOM_URL/v1/generations/$id" | grep -q '"status":"\(queued\|running\)"' || { echo "generation $id made no image" >&2; exit 1; }
  sleep 1
done
# A redirect to a presigned address. curl sends the key to no other host.
call --location --output "$file" "$DARKROOM_URL/v1/generations/$id/images/0"
echo "$file of generation $id"
