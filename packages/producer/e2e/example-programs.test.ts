import { eventually, startFleet, type Fleet } from '@darkroom/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { environmentBeside, startExample } from './example-program.ts';

/** The programs of `examples/`, as they stand there, beside a Darkroom on this machine. */
let fleet: Fleet;
let env: Record<string, string>;
beforeAll(async () => {
  fleet = await startFleet({ faults: { uploadBeforeWebhookRate: 1 } });
  env = { ...environmentBeside(fleet), PORT: '0' };
});
afterAll(() => fleet.stop());

/** Images come home within seconds; a busy machine is no reason to fail. */
const PATIENT = { withinMs: 60_000 };
const unknownId = '01a25000-0000-7000-8000-000000000000';

/** Reads a picture by its presigned URL. */
const formatOf = async (url: string | undefined): Promise<string | undefined> =>
  (await sharp(Buffer.from(await (await fetch(url ?? '')).arrayBuffer())).metadata()).format;

/** Posts JSON. */
const post = (body: object, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

describe('fastify', () => {
  test('enqueues once for each key, answers with URLs, and says what is wrong with a request', async () => {
    const program = startExample('fastify/fastify.mjs', [], env);
    const url = `${await program.untilItPrints(/listening at (\S+)/)}/images`;
    const order = post({ positivePrompt: 'a lighthouse', numberResults: 2 }, { 'idempotency-key': 'order-7' });
    const first = await fetch(url, order);
    const again = await fetch(url, order);
    expect([first.status, again.status]).toEqual([202, 200]);
    const queued = (await first.json()) as { generationId: string };
    expect(queued).toMatchObject({ atMostUsd: '0.04' });
    expect(await again.json()).toEqual(queued);
    const own = `${url}/${queued.generationId}`;
    const seen = await eventually(async () => {
      const body = (await (await fetch(own)).json()) as { urls: string[] };
      expect(body).toMatchObject({ status: 'succeeded', costUsd: '0.04' });
      return body;
    }, PATIENT);
    expect(await Promise.all(seen.urls.map(formatOf))).toEqual(['jpeg', 'jpeg']);
    expect(await (await fetch(own, { method: 'DELETE' })).json()).toEqual({ status: 'succeeded' });
    const refused = await fetch(url, post({ prompt: 'x', width: 1000 }));
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      code: 'request.invalid',
      problems: expect.arrayContaining([expect.objectContaining({ path: 'prompt' }), expect.objectContaining({ path: 'height' })]),
    });
    const unknown = await fetch(`${url}/${unknownId}`);
    expect([unknown.status, await unknown.json()]).toEqual([404, expect.objectContaining({ code: 'generation.not-found' })]);
    expect(await program.stop()).toBe(0);
  });
});

describe('Express', () => {
  test('streams the states of an image until its URL is there', async () => {
    const program = startExample('express/express.mjs', [], env);
    const url = await program.untilItPrints(/listening at (\S+)/);
    const page = await (await fetch(`${url}/?prompt=a+lighthouse`)).text();
    const path = /new EventSource\('(.+?)'\)/.exec(page)?.[1] ?? '';
    const stream = await (await fetch(url + path)).text();
    const states = [...stream.matchAll(/^data: (\{"status".+)$/gm)].map(([, data = '']) => JSON.parse(data) as Record<string, string>);
    expect(states.at(-1)).toMatchObject({ status: 'succeeded' });
    expect(stream).toMatch(/event: end\n/);
    expect(await formatOf(states.at(-1)?.['url'])).toBe('jpeg');
    const unknown = await fetch(`${url}/images/${unknownId}/events`);
    expect([unknown.status, await unknown.json()]).toEqual([404, expect.objectContaining({ code: 'generation.not-found' })]);
    expect(await program.stop()).toBe(0);
  });
});

describe('the route handler of Next.js', () => {
  /** Its functions take and return the web's own Request and Response, so they are called as Next.js calls them. */
  interface Route {
    POST(request: Request): Promise<Response>;
    GET(request: Request): Promise<Response>;
  }
  const address = 'http://localhost/api/images';

  test('enqueues and answers with URLs', async () => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const file = new URL('../../../examples/nextjs/app/api/images/route.ts', import.meta.url).pathname;
    const route = (await import(file)) as Route; // the module has these two functions
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      const { darkroom } = globalThis as unknown as { darkroom: { producer: { close(): Promise<void> }; images: { close(): void } } };
      darkroom.images.close();
      await darkroom.producer.close();
    });
    const posted = await route.POST(new Request(address, post({ positivePrompt: 'a lighthouse' })));
    expect(posted.status).toBe(202);
    const { generationId } = (await posted.json()) as { generationId: string };
    const seen = await eventually(async () => {
      const body = (await (await route.GET(new Request(`${address}?id=${generationId}`))).json()) as { urls: string[] };
      expect(body).toMatchObject({ status: 'succeeded' });
      return body;
    }, PATIENT);
    expect(await formatOf(seen.urls[0])).toBe('jpeg');
    expect((await route.GET(new Request(`${address}?id=${unknownId}`))).status).toBe(404);
    expect((await route.POST(new Request(address, post({})))).status).toBe(400);
    expect((await route.POST(new Request(address, { method: 'POST', body: '{' }))).status).toBe(400);
  });
});
