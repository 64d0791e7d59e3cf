// Prints where to look after `docker compose up`: docker compose run --rm welcome. It imports nothing of Darkroom, and prints secrets, which
// `--rm` keeps out of the logs.
const { REDIS_URL, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, DASHBOARD_PASSWORD, DASHBOARD_USER, DASHBOARD_PORT, API_PORT, STORAGE_PORT } =
  process.env;

console.log(`Darkroom runs on this machine.

dashboard   http://127.0.0.1:${DASHBOARD_PORT}   user ${DASHBOARD_USER}, password ${DASHBOARD_PASSWORD}
HTTP API    http://127.0.0.1:${API_PORT}/reference   a key: docker compose run --rm darkroom keys --create me

The first image by the library, in this repository after npm run build:

  export REDIS_URL=${REDIS_URL}
  export S3_ENDPOINT=http://127.0.0.1:${STORAGE_PORT} AWS_ACCESS_KEY_ID=${S3_ACCESS_KEY_ID} AWS_SECRET_ACCESS_KEY=${S3_SECRET_ACCESS_KEY}
  node examples/first-job/first-job.mjs`);
