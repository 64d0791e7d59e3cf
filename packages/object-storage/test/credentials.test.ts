import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually, startTestS3 } from '@darkroom/testing';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createObjectStorage } from '../src/index.ts';
import { refOf, upload, ways } from './world.ts';

const config = { bucket: 'darkroom', region: 'us-east-1', requestTimeoutMs: 1000, maxImageBytes: 1000 };

afterEach(() => vi.unstubAllEnvs());

test('given credentials do not end', async () => {
  const storage = createObjectStorage({ ...config, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }, { now: Date.now });
  expect(await storage.credentialsExpireAt()).toBeUndefined();
  storage.close();
});

test('temporary credentials of the default chain have an end', async () => {
  const expiration = '2030-01-02T03:04:05.000Z';
  for (const [name, value] of Object.entries({
    ACCESS_KEY_ID: 'a',
    SECRET_ACCESS_KEY: 'b',
    SESSION_TOKEN: 'c',
    CREDENTIAL_EXPIRATION: expiration,
  })) {
    vi.stubEnv(`AWS_${name}`, value);
  }
  const storage = createObjectStorage(config, { now: Date.now });
  expect(await storage.credentialsExpireAt()).toBe(Date.parse(expiration));
  storage.close();
});

const KEY = { old: 'the-old-secret-of-the-role', new: 'the-new-secret-of-the-role' };
type Name = keyof typeof KEY;

/** The answer of STS (AWS Security Token Service API reference, AssumeRoleWithWebIdentity), and that of the agent of Pod Identity. */
const answers = {
  IRSA: (name: Name, ends: string) => `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${name}</AccessKeyId><SecretAccessKey>${KEY[name]}</SecretAccessKey>
<SessionToken>s</SessionToken><Expiration>${ends}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`,
  'Pod Identity': (name: Name, ends: string) =>
    JSON.stringify({ AccessKeyId: name, SecretAccessKey: KEY[name], Token: 's', Expiration: ends }),
};

/** Starts the server that gives a role's credentials for the token of a file. @returns a function that puts another token into the file. */
async function startRole(platform: keyof typeof answers): Promise<(name: Name) => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-role-'));
  const file = join(dir, 'token');
  const tokenOf = async (request: IncomingMessage): Promise<string | null | undefined> =>
    platform === 'IRSA' ? new URLSearchParams(await text(request)).get('WebIdentityToken') : request.headers.authorization;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // a role's credentials count as ended five minutes before their end: these are asked for again with each request
    const ends = new Date(Date.now() + 60_000).toISOString();
    const token = await tokenOf(request);
    const isNow = token === (await readFile(file, 'utf8'));
    response.writeHead(isNow ? 200 : 403, { connection: 'close' }).end(isNow ? answers[platform](token as Name, ends) : '');
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(dir, { recursive: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment =
    platform === 'IRSA'
      ? { WEB_IDENTITY_TOKEN_FILE: file, ROLE_ARN: 'arn:aws:iam::123456789012:role/darkroom', REGION: 'us-east-1', ENDPOINT_URL_STS: url }
      : { CONTAINER_CREDENTIALS_FULL_URI: `${url}/`, CONTAINER_AUTHORIZATION_TOKEN_FILE: file };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(`AWS_${name}`, value);
  return (name) => writeFile(file, name);
}

test.for([
  ['IRSA', ways[0]],
  ['IRSA', ways[1]],
  ['Pod Identity', ways[0]],
] as const)('a role is renewed by its token file (%s), without a restart', async ([platform, [, createRequests]]) => {
  const giveToken = await startRole(platform);
  await giveToken('old');
  const keyOf = (name: Name) => ({ accessKeyId: name, secretAccessKey: KEY[name], sessionToken: 's' });
  const s3 = await startTestS3({ credentials: keyOf('old') });
  const storage = createObjectStorage({ ...config, bucket: s3.bucket, endpoint: s3.endpoint }, { now: Date.now, createRequests });
  onTestFinished(async () => {
    storage.close();
    await s3.stop();
  });
  const ref = refOf();
  const before = await storage.presignUpload(ref, 3600);
  expect((await upload(before, Buffer.from('one'))).status).toBe(200);

  // the platform changes the token, and S3 takes the old key no more
  await s3.exchangeKey(keyOf('new'));
  await giveToken('new');
  // the SDK goes on with a key that is about to end while it asks for the next
  expect(await eventually(() => storage.readStaging(ref))).toMatchObject({ kind: 'found' });
  expect((await upload(before, Buffer.from('two'))).status).toBe(403);
  expect((await upload(await storage.presignUpload(ref, 3600), Buffer.from('two'))).status).toBe(200);
});
