import { expect, test } from 'vitest';
import { listDeliveryPaths } from './delivery-paths.ts';

const s3 = { bucket: 'photos', region: 'us-east-1' };
const open = (config: Partial<Parameters<typeof listDeliveryPaths>[0]>): string[] =>
  listDeliveryPaths({ webhookBaseUrl: undefined, s3: undefined, environment: {}, ...config }).flatMap(({ name, isOpen }) =>
    isOpen ? name : [],
  );

test('imageURL is always open', () => {
  expect(open({})).toEqual(['imageURL']);
});

test('a webhook needs a public address', () => {
  expect(open({ webhookBaseUrl: 'https://a.example.com' })).toEqual(['webhook', 'imageURL']);
});

test('an upload needs a bucket off this machine, at AWS or elsewhere', () => {
  expect(open({ s3 })).toEqual(['upload', 'imageURL']);
  expect(open({ s3: { ...s3, endpoint: 'https://s3.example.com' } })).toEqual(['upload', 'imageURL']);
  expect(open({ s3: { ...s3, endpoint: 'http://127.0.0.1:9000' } })).toEqual(['imageURL']);
});

test('an upload is closed if RUNWARE_UPLOADS is none', () => {
  expect(open({ s3, environment: { RUNWARE_UPLOADS: 'none' } })).toEqual(['imageURL']);
});
