import { isLoopbackUrl } from '@darkroom/service-runtime';
import type { StartConfig } from '../config.ts';

/** One way home for a result, and whether it can be used. */
export interface Road {
  name: 'webhook' | 'upload' | 'imageURL';
  isOpen: boolean;
  why: string;
}

/** Which ways results may take from the provider to this machine, and why. */
export function findRoads({ webhookBaseUrl, s3, environment }: Pick<StartConfig, 'webhookBaseUrl' | 's3' | 'environment'>): Road[] {
  const switchedOff = environment['RUNWARE_UPLOADS'] === 'none';
  const reachable = s3 !== undefined && (s3.endpoint === undefined || !isLoopbackUrl(s3.endpoint));
  return [
    {
      name: 'webhook',
      isOpen: webhookBaseUrl !== undefined,
      why:
        webhookBaseUrl ??
        'closed: the provider cannot reach this machine; a public address would be WEBHOOK_BASE_URL; results are polled for',
    },
    {
      name: 'upload',
      isOpen: reachable && !switchedOff,
      why: switchedOff
        ? 'closed: RUNWARE_UPLOADS is none'
        : reachable
          ? `to "${s3.bucket}" at ${s3.endpoint ?? 'AWS'}`
          : 'closed: the bucket is on this machine; one that the provider can reach would be S3_BUCKET, or S3_ENDPOINT off loopback',
    },
    { name: 'imageURL', isOpen: true, why: 'fetched from the provider over https; needs nothing' },
  ];
}

/** As lines for a person. */
export const describeRoads = (roads: readonly Road[]): string[] =>
  roads.map(({ name, why, isOpen }) => `  ${isOpen ? '✔' : '·'} ${name.padEnd(10)}${why}`);
