import { createHash, createHmac } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';

/** Of `createHash` or `createHmac`. */
interface Hasher {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

type SignerHash = NonNullable<ConstructorParameters<typeof SignatureV4>[0]['sha256']>;
type Secret = ConstructorParameters<SignerHash>[0];

/** SHA-256 and its HMAC as Node has them, in the form that AWS' signer takes. */
export const Sha256: SignerHash = class {
  #hash: Hasher;
  readonly #secret: Secret;

  constructor(secret?: Secret) {
    this.#secret = secret;
    this.#hash = start(secret);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = start(this.#secret);
  }
};

function start(secret: Secret): Hasher {
  if (secret === undefined) return createHash('sha256');
  return createHmac('sha256', typeof secret === 'string' ? secret : bytesOf(secret));
}

const bytesOf = (data: Exclude<Secret, string | undefined>): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

/** Returns the SHA-256 of bytes, in hexadecimal digits. */
export const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
