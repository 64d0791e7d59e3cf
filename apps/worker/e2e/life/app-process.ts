import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { builtApp, eventually, freePort, startProgram } from '@darkroom/testing';
import { expect, onTestFinished } from 'vitest';

export type AppName = 'worker' | 'webhook-receiver' | 'dashboard' | 'eraser' | 'api';

export interface Readiness {
  ready: boolean;
  checks: Record<string, string>;
}

/** A start takes long on a busy machine, and a process logs an outage only after seconds. */
const LIMIT = { withinMs: 30_000, everyMs: 25 };

/** Starts a built app and waits until it is alive, for which it needs no other process. The end of the test ends it. */
export async function startProcess(app: AppName, env: Readonly<Record<string, string>>, nodeOptions: readonly string[] = []) {
  const port = await freePort();
  const program = startProgram({
    name: app,
    args: [...nodeOptions, builtApp(app)],
    environment: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: String(port), ...env },
  });
  const { child } = program;
  onTestFinished(() => program.kill());
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    const body: unknown = await response.json();
    return { status: response.status, body };
  };
  const writtenLines = (): Record<string, unknown>[] =>
    program
      .output()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    pid: child.pid ?? 0,
    get,
    signal: (name: NodeJS.Signals) => child.kill(name),
    /** Returns everything that the process has written so far. Throws if a line is no JSON. */
    lines: writtenLines,
    untilAlive: () => eventually(async () => expect((await get('/livez')).status).toBe(200), LIMIT),
    async readiness(): Promise<Readiness> {
      return (await get('/readyz')).body as Readiness; // what /readyz answers
    },
    untilReady: () => eventually(async () => expect((await get('/readyz')).status).toBe(200), LIMIT),
    untilLine: (fields: Record<string, unknown>) =>
      eventually(() => expect(writtenLines()).toContainEqual(expect.objectContaining(fields)), LIMIT),
    /** Opens a connection, writes to it and keeps it open until the test ends. */
    async dial(words: string): Promise<Socket> {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      socket.write(words);
      return socket;
    },
    /** Resolves with the exit code or signal, and the seconds until the end. */
    async end(name?: NodeJS.Signals) {
      const startedAt = performance.now();
      if (name !== undefined) child.kill(name);
      await program.ended;
      const { exitCode: code, signalCode: signal } = child;
      return { code, signal, seconds: (performance.now() - startedAt) / 1000 };
    },
  };
}

/** Starts a server that reads lines and never answers, or gives one answer to each Redis command. */
export async function startSilentServer(answer?: string, port = 0): Promise<{ port: number; lines(): number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (answer !== undefined) socket.on('data', (chunk) => socket.write(answer.repeat(chunk.toString().match(/^\*\d/gm)?.length ?? 0)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : port, lines: () => sockets.size };
}

const WEBHOOK_KEYS = `test:${'k'.repeat(40)}`;

/** Returns the settings of an app for a Redis and an S3 at these addresses. */
export const environmentOf = (app: AppName, redisUrl: string, s3: Readonly<Record<string, string>>): Record<string, string> =>
  app === 'worker'
    ? { REDIS_URL: redisUrl, RUNWARE_API_KEY: 'test-key', RUNWARE_URL: 'http://127.0.0.1:1/v1', ...s3 }
    : { REDIS_URL: redisUrl, ...(app === 'webhook-receiver' ? { WEBHOOK_KEYS } : {}), ...(app === 'eraser' || app === 'api' ? s3 : {}) };

export const s3At = (endpoint: string, credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }, bucket = 'darkroom') => ({
  S3_BUCKET: bucket,
  S3_ENDPOINT: endpoint,
  S3_ACCESS_KEY_ID: credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});
