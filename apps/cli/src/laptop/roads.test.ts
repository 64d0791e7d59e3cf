import { expect, test } from 'vitest';
import { findRoads } from './roads.ts';

const s3 = { bucket: 'photos', region: 'us-east-1' };
const open = (config: Partial<Parameters<typeof findRoads>[0]>): string[] =>
  findRoads({ webhookBaseUrl: undefined, s3: undefined, environment: {}, ...config }).flatMap(({ name, isOpen }) => (isOpen ? name : []));

test('imageURL is open to everybody', () => {
  expect(open({})).toEqual(['imageURL']);
});

test('a webhook needs a public address', () => {
  expect(open({ webhookBaseUrl: 'https://a.example.com' })).toEqual(['webhook', 'imageURL']);
});

test('an upload needs a bucket off this machine, of AWS or another', () => {
  expect(open({ s3 })).toEqual(['upload', 'imageURL']);
  expect(open({ s3: { ...s3, endpoint: 'https://s3.example.com' } })).toEqual(['upload', 'imageURL']);
  expect(open({ s3: { ...s3, endpoint: 'http://127.0.0.1:9000' } })).toEqual(['imageURL']);
});

test('uploads that were switched off stay off', () => {
  expect(open({ s3, environment: { RUNWARE_UPLOADS: 'none' } })).toEqual(['imageURL']);
});
