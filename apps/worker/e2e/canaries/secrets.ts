import { canaryOf, createCanary, type Canary } from './canary.ts';

/** Secrets that a Darkroom gets and must not repeat. */
export const given = {
  apiKey: createCanary('the API key'),
  s3: createCanary('the secret of S3'),
  signingKey: createCanary('the webhook key that signs'),
  oldKey: createCanary('the webhook key that verifies'),
  redis: createCanary('the password of Redis'),
  dashboard: createCanary('the password of the dashboard'),
};

/** The secrets as settings, with characters that each quoting writes differently. */
export const secrets = {
  apiKey: `rw/${given.apiKey.core}+"key=`,
  s3SecretAccessKey: `s3/${given.s3.core}+%2F=`,
  webhookKeys: `new:${given.signingKey.core}/+=,old:${given.oldKey.core}/+=`,
  redisPassword: `pw/${given.redis.core}@:`,
};
export const dashboardPassword = `pass ${given.dashboard.core}:`;

/** Returns the address of Redis as the processes get it. */
export function withPassword(redisUrl: string): string {
  const url = new URL(redisUrl);
  url.password = secrets.redisPassword;
  return url.href;
}

/** Returns the secrets that a Darkroom made and sent to the provider: capabilities, and signatures of S3 by their secret part. */
export function findSentSecrets(requests: readonly string[]): { capabilities: Canary[]; signatures: Canary[] } {
  const all = requests.join('\n');
  return {
    capabilities: [...all.matchAll(/capability=([\w.-]+)/g)].map(([, text = '']) =>
      canaryOf('a capability', text.slice(text.lastIndexOf('.') + 1)),
    ),
    signatures: [...all.matchAll(/X-Amz-Signature=([0-9a-f]+)/g)].map(([, text = '']) => canaryOf('a signature of S3', text)),
  };
}
