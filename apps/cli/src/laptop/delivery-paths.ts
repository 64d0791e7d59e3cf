import { isLoopbackUrl } from '@darkroom/service-runtime';
import type { StartConfig } from '../config.ts';

/** One path for results from the provider to this machine. */
export interface DeliveryPath {
  name: 'webhook' | 'upload' | 'imageURL';
  isOpen: boolean;
  why: string;
}

/** Lists the paths for results from the provider to this machine, each with the reason why it is open or closed. */
export function listDeliveryPaths({
  webhookBaseUrl,
  s3,
  environment,
}: Pick<StartConfig, 'webhookBaseUrl' | 's3' | 'environment'>): DeliveryPath[] {
  const switchedOff = environment['RUNWARE_UPLOADS'] === 'none';
  const reachable = s3 !== undefined && (s3.endpoint === undefined || !isLoopbackUrl(s3.endpoint));
  return [
    {
      name: 'webhook',
      isOpen: webhookBaseUrl !== undefined,
      why:
        webhookBaseUrl ??
        'closed: the provider cannot reach this machine, so workers poll for results; to receive webhooks, set WEBHOOK_BASE_URL to a public address',
    },
    {
      name: 'upload',
      isOpen: reachable && !switchedOff,
      why: switchedOff
        ? 'closed: RUNWARE_UPLOADS is none'
        : reachable
          ? `to "${s3.bucket}" at ${s3.endpoint ?? 'AWS'}`
          : 'closed: the bucket is on this machine; to let Runware upload, set S3_BUCKET (AWS) or a public S3_ENDPOINT',
    },
    { name: 'imageURL', isOpen: true, why: 'fetched from the provider over https; needs no setting' },
  ];
}

/** Formats the paths, one line each. */
export const describeDeliveryPaths = (paths: readonly DeliveryPath[]): string[] =>
  paths.map(({ name, why, isOpen }) => `  ${isOpen ? '✔' : '·'} ${name.padEnd(10)}${why}`);
