import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { UPLOAD_SECONDS, type Transport, type TransportSettings } from './transport.ts';

/** The calls as most people write them: the AWS SDK as its documentation shows it, and the `fetch` of Node. */
export function createUsualTransport({
  providerUrl,
  apiKey,
  s3Endpoint,
  bucket,
  region,
  credentials,
  connections,
}: TransportSettings): Transport {
  const client = new S3Client({
    endpoint: s3Endpoint,
    region,
    credentials,
    forcePathStyle: true,
    requestHandler: { httpAgent: { maxSockets: connections } },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    presign: (key) => getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: UPLOAD_SECONDS }),
    head: async (key) => void (await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))),
    async submit(task) {
      const response = await fetch(providerUrl, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify([task]),
      });
      await response.json();
      if (!response.ok) throw new Error(`the provider answered ${response.status}`);
    },
  };
}
