"""From a prompt to a picture by HTTP, with the standard library of Python alone:

    python3 generate.py "a lighthouse at dusk" lighthouse.jpg

DARKROOM_URL and DARKROOM_KEY are what `npm start` prints.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ["DARKROOM_URL"]
KEY = os.environ["DARKROOM_KEY"]


def call(method, path, body=None, **headers):
    """Calls the API. Raises urllib.error.HTTPError, whose body is a problem with a code."""
    request = urllib.request.Request(URL + path, method=method, headers={"Authorization": f"Bearer {KEY}", **headers})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def generate(prompt, idempotency_key):
    """Enqueues, or finds the generation of an earlier call with the same key, and waits until it is final."""
    order = {"positivePrompt": prompt, "width": 1280, "height": 896}
    headers = {"Idempotency-Key": idempotency_key, "Prefer": "wait=60"}
    while True:
        try:
            generation = call("POST", "/v1/generations", order, **headers)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code not in (429, 503):
                raise SystemExit(f"{problem['code']}: {problem['detail']} {problem.get('problems', '')}") from None
            # The key makes it safe to call again, whether or not the first call arrived.
            time.sleep(int(error.headers.get("Retry-After", "1")))
            continue
        except OSError as error:
            print(f"no answer ({error}): calling again with the same key", file=sys.stderr)
            time.sleep(1)
            continue
        if generation["status"] not in ("queued", "running"):
            return generation


def save(generation, index, file):
    """Saves an image by its presigned address, which takes no key."""
    image = call("GET", f"/v1/generations/{generation['generationId']}/images/{index}", Accept="application/json")
    with urllib.request.urlopen(image["url"]) as answer, open(file, "wb") as out:
        out.write(answer.read())


if __name__ == "__main__":
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a lighthouse at dusk"
    file = sys.argv[2] if len(sys.argv) > 2 else "lighthouse.jpg"
    generation = generate(prompt, os.environ.get("ORDER", str(uuid.uuid4())))
    if generation["status"] != "succeeded":
        raise SystemExit(f"{generation['status']}: {[image.get('fault') for image in generation['images']]}")
    save(generation, 0, file)
    print(f"{file} of generation {generation['generationId']} for {generation['costUsd']} USD")
