#!/bin/sh
# From a prompt to a picture by HTTP, with curl alone: generate.sh "a lighthouse at dusk" lighthouse.jpg
# DARKROOM_URL and DARKROOM_KEY are what `npm start` prints.
set -eu
prompt=${1:-a lighthouse at dusk}
file=${2:-lighthouse.jpg}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
# Waits and calls again while Redis or the API is away (503, 429), as `Retry-After` says. Any other error ends the program with its words.
call() {
  curl --silent --show-error --fail-with-body --retry 30 --retry-connrefused --header "Authorization: Bearer $DARKROOM_KEY" --output "$answer" "$@" ||
    { cat "$answer" >&2; echo "to go on with this order, and buy no second one: set ORDER=$key and call again" >&2; exit 1; }
}

key=${ORDER:-$(date +%s)-$$}

# The prompt as JSON: backslashes and quotes are the only characters of a line that need care.
escaped=$(printf '%s' "$prompt" | sed 's/\\/\\\\/g; s/"/\\"/g')

# The key makes a repeated call find the first generation instead of buying a second one, whatever became of the answer.
order() {
  call --header 'Content-Type: application/json' --header "Idempotency-Key: $key" --header 'Prefer: wait=60' \
    --data "{\"positivePrompt\":\"$escaped\",\"width\":1280,\"height\":896}" "$DARKROOM_URL/v1/generations"
}
order
# The answer may come before the image.
while grep -q '"status":"\(queued\|running\)"' "$answer"; do order; done
id=$(sed -n 's/^{"generationId":"\([^"]*\)".*/\1/p' "$answer")

# A redirect to a presigned address. curl sends the key to no other host.
call --location "$DARKROOM_URL/v1/generations/$id/images/0"
cp "$answer" "$file"
echo "$file of generation $id"
