# Takes notifications of Darkroom with the standard library alone: verifies each, and handles it once.
import base64, hashlib, hmac, json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The answer of `create`, or `secret(endpointId)`. Several, with a blank between two, while a secret is rotated.
SECRETS = os.environ["WEBHOOK_SECRETS"].split(" ")
TOLERANCE_SECONDS = 300
handled = set()  # a table with a unique column, so that a repetition is noticed after a restart, too


def is_signed(headers, body):
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in SECRETS]
    expected = ["v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys]
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not is_signed(self.headers, body):
            return self.answer(400)
        data = json.loads(body)["data"]
        if data["eventId"] not in handled:
            print(data["generationId"], data["status"], flush=True)
            handled.add(data["eventId"])
        self.answer(204)  # only now: what is not answered with 2xx comes again

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3100"))), Receiver)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(f"listening at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
