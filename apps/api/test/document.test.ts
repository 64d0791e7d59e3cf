import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDocument } from '../src/document/build-document.ts';
import { routes } from '../src/routes/table.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test('the document holds each route of the table, and needs no key', async () => {
  const answer = await fetch(`${world.url}/v1/openapi.json`);
  const document = (await answer.json()) as { openapi: string; paths: Record<string, Record<string, { operationId: string }>> };
  expect(document.openapi).toBe('3.1.0');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
  );
  expect(operations.toSorted()).toEqual(routes.map(({ method, path, operationId }) => `${method} ${path} ${operationId}`).toSorted());
  const again = await fetch(`${world.url}/v1/openapi.json`, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);
});

test('Redocly finds no fault in the document', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-openapi-'));
  try {
    const file = join(dir, 'openapi.json');
    await writeFile(file, JSON.stringify(buildDocument(routes, '1.0.0')));
    const require = createRequire(import.meta.url);
    const cli = join(dirname(require.resolve('@redocly/cli/package.json')), 'bin', 'cli.js');
    const rules = ['--extends=recommended-strict', '--skip-rule=no-server-example.com', '--format=json'];
    const { stdout } = await promisify(execFile)(process.execPath, [cli, 'lint', ...rules, file], {
      cwd: dir,
      env: { PATH: process.env['PATH'], HOME: dir, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    }).catch((error: unknown) => error as { stdout: string });
    const { totals, problems } = JSON.parse(stdout) as { totals: { errors: number; warnings: number }; problems: { message: string }[] };
    expect({ totals, problems: problems.map(({ message }) => message) }).toMatchObject({
      totals: { errors: 0, warnings: 0 },
      problems: [],
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('the reference page and all of its files come from this server', async () => {
  const page = await fetch(`${world.url}/reference/`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self'/);
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) {
    const address = new URL(link, `${world.url}/reference/`);
    expect(address.origin, link).toBe(world.url);
    const file = await fetch(address);
    expect([file.status, (await file.arrayBuffer()).byteLength > 0], link).toEqual([200, true]);
  }
});
