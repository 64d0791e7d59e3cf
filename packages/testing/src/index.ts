export { freePort } from '@darkroom/local-stack';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { startTestS3, type TestS3, type TestS3Options } from './test-s3.ts';
export { uniquePrefix } from './unique-prefix.ts';
