// A page that shows an image as it is made, by the HTTP API: this backend has the key, and relays the events to the browser. It needs no
// package. With the two variables that `npm start` prints:
//   DARKROOM_URL=… DARKROOM_KEY=… node examples/relay/relay.mjs
//   open http://localhost:3000/?prompt=a+lighthouse
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const ask = (path, { headers, ...call } = {}) =>
  fetch(`${process.env['DARKROOM_URL']}${path}`, {
    redirect: 'manual',
    headers: { authorization: `Bearer ${process.env['DARKROOM_KEY']}`, ...headers },
    ...call,
  });

const pageOf = (generationId) => `<p id="status">queued</p><div id="images"></div><script>
  // It connects again by itself, and stops when the API says that nothing more comes.
  new EventSource('/generations/${generationId}/events').addEventListener('generation', ({ data }) => {
    const { status, images } = JSON.parse(data);
    document.querySelector('#status').textContent = status;
    document.querySelector('#images').replaceChildren(...images.filter(({ url }) => url).map(({ index }) =>
      Object.assign(new Image(), { src: '/generations/${generationId}/images/' + index })));
  });
</script>`;

async function makeAndFollow(prompt, response) {
  const body = JSON.stringify({ positivePrompt: prompt });
  const made = await ask('/v1/generations', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { generationId, detail } = await made.json();
  const isMade = made.status === 202;
  response.writeHead(isMade ? 200 : made.status, { 'content-type': isMade ? 'text/html' : 'text/plain' });
  response.end(isMade ? pageOf(generationId) : detail);
}

/** Passes a read on. An app with users checks here that the generation is one of this user. */
async function relay(path, last, response) {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const answer = await ask(`/v1${path}`, { signal: gone.signal, headers: last === undefined ? {} : { 'last-event-id': last } });
  for (const name of ['content-type', 'location', 'retry-after'])
    if (answer.headers.has(name)) response.setHeader(name, answer.headers.get(name));
  response.writeHead(answer.status, { 'cache-control': 'no-store' });
  if (answer.body === null) response.end();
  else await pipeline(Readable.fromWeb(answer.body), response);
}

async function handle({ url, headers }, response) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  try {
    if (pathname === '/') await makeAndFollow(searchParams.get('prompt') ?? 'a lighthouse at dusk', response);
    else if (/^\/generations\/[0-9a-f-]{36}\/(events|images\/\d+)$/.test(pathname))
      await relay(pathname, headers['last-event-id'], response);
    else response.writeHead(404).end();
  } catch {
    // The browser left, or the API is away: an EventSource connects again.
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { 'retry-after': '1' }).end();
  }
}

const server = createServer((request, response) => void handle(request, response));
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () =>
  console.log(`listening at http://127.0.0.1:${server.address().port}`),
);
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
