import { createSdkRequests } from './sdk-requests.ts';
import { createSignedRequests } from './signed-requests.ts';

/** The ways to make the requests of each image, by the words of `WORKER_S3_REQUESTS`. */
export const requestsBy = { signed: createSignedRequests, sdk: createSdkRequests } as const;
