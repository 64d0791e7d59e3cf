import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createSelfSigned, eventually, freePort, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectFailFast, connectPatient, watchRedis } from '../src/index.ts';

/** A Redis with a plain port and a TLS port, and the certificate that it shows. */
const own = await reserveRedis();
const dir = await mkdtemp(path.join(tmpdir(), 'darkroom-tls-'));
const certificate = path.join(dir, 'certificate.pem');
let tlsUrl = '';

beforeAll(async () => {
  await own.start();
  const made = createSelfSigned(Date.now());
  await writeFile(certificate, made.certificate);
  await writeFile(path.join(dir, 'key.pem'), made.key);
  const port = await freePort();
  const admin = new Redis(own.url);
  await admin.config('SET', 'tls-cert-file', certificate, 'tls-key-file', path.join(dir, 'key.pem'), 'tls-ca-cert-file', certificate);
  await admin.config('SET', 'tls-auth-clients', 'no');
  await admin.config('SET', 'tls-port', String(port));
  await admin.call('ACL', 'SETUSER', 'worker', 'on', '>right', '~*', '&*', '+@all');
  admin.disconnect();
  tlsUrl = `rediss://127.0.0.1:${port}`;
});
afterAll(async () => {
  await own[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const doors: readonly (readonly [string, () => string, readonly string[]])[] = [
  ['a certificate that no known authority signed', () => tlsUrl, ['tls']],
  ['a TLS port without TLS', () => tlsUrl.replace('rediss:', 'redis:'), ['closed']],
  ['a plain port with TLS', () => own.url.replace('redis:', 'rediss:'), ['tls', 'closed', 'timeout']],
  ['a wrong password', () => own.url.replace('redis://', 'redis://worker:wrong-one@'), ['unauthenticated']],
  ['a user that is not there', () => own.url.replace('redis://', 'redis://stranger:wrong-one@'), ['unauthenticated']],
];

test.each(doors.flatMap((door) => [connectPatient, connectFailFast].map((connect) => [...door, connect] as const)))(
  '%s is told within seconds, in one line with the user, the cure and no password, and it is tried again',
  async (_what, urlOf, reasons, connect) => {
    const lines: Readonly<Record<string, unknown>>[] = [];
    const url = urlOf();
    const redis = connect(url);
    const note = (fields: Readonly<Record<string, unknown>>): void => void lines.push(fields);
    const watch = watchRedis(redis, { url, prefix: uniquePrefix(), process: 'worker', log: { info: note, error: note } });
    try {
      await eventually(() => expect(lines).toHaveLength(1), { withinMs: 6000 });
      expect(reasons).toContain(lines[0]?.['reason']);
      expect(lines[0]?.['cure']).toMatch(/"rediss:\/\/"|correct user and password/);
      if (url.includes('@')) expect(lines[0]?.['redis']).toMatch(/^redis:\/\/(worker|stranger)@127\.0\.0\.1:/);
      expect(JSON.stringify(lines)).not.toContain('wrong-one');
      await expect(watch.check()).rejects.toThrow();
      expect(redis.status).not.toBe('end');
    } finally {
      watch.close();
      redis.disconnect();
    }
  },
);

test('a second error of a socket, such as a TLS alert after its end, ends no process', async () => {
  const plain = connectPatient(own.url);
  const refused = connectFailFast(tlsUrl);
  const duplicate = plain.duplicate();
  try {
    await Promise.all([plain.ping(), duplicate.ping()]);
    const sockets = [plain.stream, duplicate.stream];
    // The handshake ends with an error, for which ioredis listens once.
    refused.on('error', () => sockets.push(refused.stream));
    await eventually(() => expect(sockets.length).toBeGreaterThan(2));
    for (const socket of sockets) for (const word of ['first', 'second']) socket.emit('error', new Error(word)); // throws if it is not heard
  } finally {
    for (const each of [plain, refused, duplicate]) each.disconnect();
  }
});

test('TLS works with NODE_EXTRA_CA_CERTS, also for the connection that looks at rights', async () => {
  const script = `
    const { connectPatient, watchRedis } = await import(${JSON.stringify(path.join(import.meta.dirname, '../dist/index.js'))});
    const url = process.argv[1];
    const redis = connectPatient(url);
    const log = { info() {}, error: (fields) => console.log(JSON.stringify(fields)) };
    const watch = watchRedis(redis, { url, prefix: '{tls}', process: 'worker', log });
    await watch.untilUsable();
    console.log('usable', await watch.rightsTrouble());
    watch.close();
    redis.disconnect();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script, tlsUrl], {
    env: { NODE_EXTRA_CA_CERTS: certificate },
    timeout: 15_000,
  });
  expect(stdout).toBe('usable undefined\n');
}, 20_000);
