// A client of its own process, so that its work is not counted as that of the API: node http-load.mjs streams|calls, with its settings in the
// environment. It writes lines of JSON.
import { Agent, request } from 'node:http';

const { LOAD_URL = '', LOAD_KEY = '', LOAD_COUNT = '1', LOAD_MS = '1000', LOAD_BODY } = process.env;
const count = Number(LOAD_COUNT);
const headers = { authorization: `Bearer ${LOAD_KEY}`, ...(LOAD_BODY !== undefined && { 'content-type': 'application/json' }) };
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
/** @param {object} value */
const tell = (value) => void process.stdout.write(`${JSON.stringify(value)}\n`);

/** Opens so many streams, a hundred at a time, and tells how many events have come. */
async function streams() {
  let events = 0;
  let statuses = /** @type {Record<string, number>} */ ({});
  for (let opened = 0; opened < count; opened += 100)
    await Promise.all(
      Array.from(
        { length: Math.min(100, count - opened) },
        () =>
          new Promise((resolve, reject) => {
            request(LOAD_URL, { headers }, (answer) => {
              statuses = { ...statuses, [String(answer.statusCode)]: (statuses[String(answer.statusCode)] ?? 0) + 1 };
              answer.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
                events += text.split('\nevent: ').length - 1 + (text.startsWith('event: ') ? 1 : 0);
              });
              resolve(undefined);
            })
              .on('error', reject)
              .end();
          }),
      ),
    );
  tell({ statuses });
  let told = -1;
  setInterval(() => {
    if (events !== told) tell({ events });
    told = events;
  }, 50);
}

/** Calls one route again and again, so many at a time, and tells calls a second and the slowest of a hundred. */
async function calls() {
  const times = /** @type {number[]} */ ([]);
  const failed = /** @type {Set<number>} */ (new Set());
  const lane = async (/** @type {number} */ until) => {
    while (performance.now() < until) {
      const begunAt = performance.now();
      const status = await new Promise((resolve, reject) => {
        request(LOAD_URL, { agent, headers, method: LOAD_BODY === undefined ? 'GET' : 'POST' }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode));
        })
          .on('error', reject)
          .end(LOAD_BODY);
      });
      if (Number(status) >= 300) failed.add(Number(status));
      times.push(performance.now() - begunAt);
    }
  };
  const run = async (/** @type {number} */ ms) => {
    const until = performance.now() + ms;
    await Promise.all(Array.from({ length: count }, () => lane(until)));
  };
  await run(Number(LOAD_MS) / 4); // warms up
  times.length = 0;
  await run(Number(LOAD_MS));
  const sorted = times.toSorted((a, b) => a - b);
  tell({ perSecond: times.length / (Number(LOAD_MS) / 1000), p99Ms: sorted[Math.floor(sorted.length * 0.99)], failed: [...failed] });
  agent.destroy();
}

await (process.argv[2] === 'streams' ? streams() : calls());
