/** Text of `--help`. */
export const helpText = `darkroom start [options]      (npm start -- [options])

Starts the whole of Darkroom on this machine: Redis, S3, a Runware emulator, a worker, a webhook receiver and a
dashboard. Buys the three example images of the model's page from the emulator, saves them, and runs on until Ctrl-C.

With RUNWARE_API_KEY in the environment no emulator is started: the command prints what the images would cost at Runware
and does nothing else. With --buy as well it buys them, for real money.

  --once              stop when the images are there; exit code 0 only if all of them were verified
  --buy               with RUNWARE_API_KEY: buy real images
  --max-usd <amount>  with --buy: the most that may be spent in one day, UTC; DAILY_CAP_USD, or 1
  --data-dir <folder> where everything is kept; .local/data when absent, .local/runware for real images
  --redis <source>    the embedded Redis: binary, deb, js; the best that works when absent

Environment: REDIS_URL (with DARKROOM_PREFIX) and S3_ENDPOINT (with S3_BUCKET, S3_REGION, S3_ACCESS_KEY_ID,
S3_SECRET_ACCESS_KEY) replace the embedded ones. FAULTS goes to the emulator. RUNWARE_URL is the address of another
provider. WEBHOOK_BASE_URL is a public address that leads to the receiver: the provider then sends webhooks there.

darkroom status               shows if and why buying is paused, what waits, and what was spent (npm run darkroom -- status)
darkroom spend                what was spent and is on hold, against the caps        (npm run spend)
                              and whether it cost what was expected                  --tenant <name>
darkroom caps                 shows the spend caps of the store; changes the named ones, for all workers at once
                              --day 25 --month 300 --tenant-day 5 --tenant-month none
darkroom limits               shows how many tasks the fleet may have at the provider, and how many images may be open
                              --tasks <n> --open-images <n>|none --open-images-per-tenant <n>|none change them
darkroom tenant <name>        shows the rules of a tenant; changes the named ones:
                              --require-safety-check on|off  each request must ask for the content check
                              --withhold-flagged on|off      images that the check does not clear stay unseen until released
                              --weight <n>                   its share of the workers, 1 to 100; 1 when never set
                              --retain-requests-days <n>|none, --retain-images-days <n>|none: erased after so many days
darkroom release <generationId> <index>  tells where a withheld image lies   --reason <text> lets it be seen
darkroom unknown              lists purchases with an unknown outcome; their money stays on hold
                              --release <id>/<index>-<n> ends one hold, after a look at the provider's list of usage:
                              --charged books the money, --free gives it back; an image that still arrives is kept
darkroom pause                stops buying; bought images still come home            --reason <text>
darkroom resume               ends all pauses, or those of one kind                  --kind account|operator
darkroom reconcile            compares jobs, entries, money and S3, and repairs what disagrees   (npm run reconcile)
darkroom rebuild              fills a Redis that lost its memory from the records in S3, and opens the store (npm run rebuild)
                              --days <n>: restores only unfinished generations that are older; 35 when absent
                              --skip-corrupt: opens the store without generations whose records are corrupt
darkroom doctor               checks Redis, the bucket, the key and the webhook address; buys nothing

These commands use the Redis of REDIS_URL, or the one that \`npm start\` runs in its data folder (--data-dir).

darkroom probe --max-usd 0.50 asks the provider what its documentation does not say       (npm run probe -- --max-usd 0.50)
                              buys images with RUNWARE_API_KEY, for 0.142 USD at worst, and 0.02 more with --wait or --catcher

  --max-usd <amount>  the most that may be spent; a step that could cross it is left out
  --wait <seconds>    asks again after this time what the provider still remembers
  --catcher <url>     public address that leads to --catcher-port: probes webhooks and uploads as well
  --catcher-port <n>  where to listen for them; any free port when absent
  --out <file>        a new file for every request and answer, without secrets and prompts; probe-<date>.json in this
                      folder when absent. The tests replay each copy in packages/runware-client/fixtures`;
