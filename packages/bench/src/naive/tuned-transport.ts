import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { Pool } from 'undici';
import { UPLOAD_SECONDS, type Transport, type TransportSettings } from './transport.ts';

/** Of `createHash` or `createHmac`. */
interface Hasher {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

type SignerHash = NonNullable<ConstructorParameters<typeof SignatureV4>[0]['sha256']>;
type Secret = ConstructorParameters<SignerHash>[0];

/** SHA-256 in the form that the signer takes. It gives its secrets as text or bytes, and resets none. */
const Sha256: SignerHash = class {
  readonly #hash: Hasher;
  constructor(secret?: Secret) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else this.#hash = createHmac('sha256', typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array)); // as above
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
};

/** The calls on the transport of Darkroom: signed by the signer of AWS, sent by undici. */
export function createTunedTransport(settings: TransportSettings): Transport {
  const { providerUrl, apiKey, s3Endpoint, bucket, region, credentials, connections } = settings;
  const { host, protocol, origin } = new URL(s3Endpoint);
  const signer = new SignatureV4({
    service: 's3',
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const s3 = new Pool(origin, { connections, pipelining: 1 });
  const provider = new Pool(new URL(providerUrl).origin, { connections, pipelining: 1 });
  const providerPath = new URL(providerUrl).pathname;
  const requestOf = (method: string, key: string) => ({
    method,
    protocol,
    hostname: host,
    path: `/${bucket}/${key}`,
    headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  });
  return {
    async presign(key) {
      const signed = await signer.presign(requestOf('PUT', key), { expiresIn: UPLOAD_SECONDS });
      const query = Object.entries(signed.query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
      return `${origin}${signed.path}?${query.join('&')}`;
    },
    async head(key) {
      const { path, headers } = await signer.sign(requestOf('HEAD', key));
      const answer = await s3.request({ method: 'HEAD', path, headers });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`S3 answered ${answer.statusCode}`);
    },
    async submit(task) {
      const answer = await provider.request({
        method: 'POST',
        path: providerPath,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify([task]),
      });
      await answer.body.json();
      if (answer.statusCode !== 200) throw new Error(`the provider answered ${answer.statusCode}`);
    },
  };
}
