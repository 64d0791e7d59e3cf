/** What `--help` prints. */
export const helpText = `darkroom start [options]      (npm start -- [options])

Starts the whole of Darkroom on this machine: Redis, S3, a Runware emulator, a worker, a webhook receiver and a
dashboard. Buys the three example images of the model's page from the emulator, saves them, and runs on until Ctrl-C.

With RUNWARE_API_KEY in the environment there is no emulator: it prints what the images would cost at Runware and does
nothing else. With --buy as well it buys them, for real money.

  --once              stop when the images are there; exit code 0 only if all of them were verified
  --buy               with RUNWARE_API_KEY: buy real images
  --max-usd <amount>  with --buy: the most that may be spent in one day, UTC; DAILY_CAP_USD, or 1
  --data-dir <folder> where everything is kept; .local/data when absent, .local/runware for real images
  --redis <way>       the embedded Redis: binary, deb, js; the best that works when absent

Environment: REDIS_URL (with DARKROOM_PREFIX) and S3_ENDPOINT (with S3_BUCKET, S3_REGION, S3_ACCESS_KEY_ID,
S3_SECRET_ACCESS_KEY) replace the embedded ones. FAULTS is handed to the emulator. RUNWARE_URL is another provider.
WEBHOOK_BASE_URL is a public address that leads to the receiver, which is then asked for webhooks.

darkroom status               is buying paused, and why; what waits, what was spent (npm run darkroom -- status)
darkroom spend                what was spent and is on hold, against the caps        (npm run spend)
                              and whether it cost what was expected                  --tenant <name>
darkroom caps                 the spend caps of the store; changes those that are named, for all workers at once
                              --day 25 --month 300 --tenant-day 5 --tenant-month none
darkroom limits               how many tasks the fleet may have under way at the provider   --tasks <n> changes it
darkroom unknown              purchases of which nobody knows what became, and that hold their money
                              --release <id>/<index>-<n> ends such a hold, as you found out from the provider's list of
                              usage: --charged books it, --free gives it back; an image that comes after all is kept
darkroom pause                buy nothing more; what was bought still comes home     --reason <text>
darkroom resume               buy again; all pauses, or those of one                 --kind account|operator
darkroom reconcile            compare jobs, records, money and S3, and repair what disagrees   (npm run reconcile)
darkroom rebuild              fills a Redis that lost its memory with what the bucket remembers, and opens it (npm run rebuild)
                              --days <n>: older than that, only what is not over; 35 when absent
                              --skip-corrupt: opens it although some records are damaged
darkroom doctor               look at Redis, the bucket, the key and the webhook address; buys nothing

These work on the Redis of REDIS_URL, or on the one that \`npm start\` runs in its data folder (--data-dir).

darkroom probe --max-usd 0.50 asks the provider what its documentation does not say       (npm run probe -- --max-usd 0.50)
                              buys images with RUNWARE_API_KEY, for 0.142 USD at worst, and 0.02 more with --wait or --catcher

  --max-usd <amount>  the most that may be spent; a step that could cross it is left out
  --wait <seconds>    ask once more, so much later, what is remembered for how long
  --catcher <url>     public address that leads to --catcher-port: probes webhooks and uploads as well
  --catcher-port <n>  where to listen for them; any free port when absent
  --out <file>        a new file for every request and answer, without secrets and prompts; probe-<date>.json in this
                      folder when absent. Copied into packages/runware-client/fixtures, it is tested against`;
