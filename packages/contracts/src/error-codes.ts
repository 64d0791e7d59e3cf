/**
 * The class of an error says who must act, its code says what happened.
 * Codes are dotted, stable and never reused; `docs/errors.md` is generated from this table.
 */
export const errorCodes = {
  'config.invalid': 'a setting is missing or wrong; the process does not start',
  'request.invalid': 'the request, an option or an id of a call is wrong; a call that enqueues has queued and bought nothing',
  'request.conflict': 'another request already uses this generation id; nothing was queued or bought',
  'request.key-reused': 'the idempotency key belongs to a generation with another request; nothing was queued or bought',
  'request.id-out-of-time':
    'Redis does not know this generation id, and by Redis time the id is older than 24 hours or more than five minutes ahead; nothing was queued',
  'queue.unavailable': 'Redis did not answer; `reached` says whether the request may have arrived',
  'queue.full': 'as many images are open as the bound of the tenant or of the store allows; nothing was queued or bought',
  'queue.partly-enqueued':
    'some generations of the batch were not enqueued, or may not have been; see `written`, `maybeWritten` and `notWritten`',
  'store.not-initialised': 'Redis is empty: no worker has opened the store yet, or Redis lost its memory; nothing is queued or bought',
  'store.foreign-bucket': 'the bucket belongs to another Darkroom than this Redis; nothing is bought until both belong to the same one',
  'store.rebuild-needed': 'Redis came back as it was more than five days ago, and lacks purchases; nothing is bought until it is rebuilt',
  'store.newer-format':
    'a later version of Darkroom has written the store in a format that this process does not know; it queues and buys nothing',
  'store.unavailable': 'Redis did not answer',
  'store.corrupt-record': 'an entry in Redis is corrupt; nothing more is bought for it, and purchases under way wait until it is repaired',
  'spend.cap-reached': 'a spend cap would be crossed; nothing was queued or bought',
  'generation.not-found': 'no generation has this id',
  'generation.open': 'the generation is not final, and an open one is erased only on demand',
  'generation.erased': 'the request and the images of the generation were erased',
  'generation.wait-timeout': 'the generation did not finish within the wait timeout; it is still running',
  'generation.cancelled': 'the caller cancelled the generation before this image was bought',
  'generation.expired': 'the deadline of the generation passed before this image was bought',
  'retry.in-progress': 'a purchase of the image is under way, or one of its sends may have been accepted; nothing was queued or bought',
  'retry.already-retried': 'another retry buys or has bought the image; nothing was queued or bought',
  'retry.already-succeeded': 'the image is there, of this generation or of another attempt; nothing was queued or bought',
  'retry.unknown-outcome':
    'nothing tells if an earlier purchase of the image was paid for, and the retry does not say that it may pay again',
  'retry.lost-image': 'an earlier purchase of the image was paid for and lost, and the retry does not say that it may pay again',
  'retry.image-arrived': 'an earlier attempt at the image brought it home before this retry was sent, so it was not bought again',
  'webhook-endpoint.not-found': 'the tenant has no webhook endpoint with this id',
  'webhook-endpoint.too-many':
    'the tenant has as many webhook endpoints as it may have, or has changed them too often today; nothing was changed',
  'notification.not-found': 'there is no notification with this id, or its log has ended',
  'notification.unverified': 'a notification that came to a receiver is not signed by a secret of its endpoint, or it is too old',
  'delivery.unauthenticated': 'the capability in the webhook URL is missing, forged, expired or of a retired key',
  'delivery.malformed': 'the body of a delivery is not one of the known shapes; it was kept',
  'storage.unavailable': 'S3 did not answer or refused',
  'storage.unsuitable': 'the S3 server ignores `If-None-Match: *`, which every write-once object relies on; no worker starts',
  'storage.corrupt-record': 'a record in S3 does not parse',
  'storage.damaged-image': 'the bytes of an image in S3 differ from the verified ones',
  'image.not-there': 'the generation has no verified image at this index',
  'image.withheld': 'the content check did not clear the image, and no operator has released it; it is paid and kept',
  'image.lost': 'the image was made and paid for, and neither the upload nor its address gave valid bytes',
  'submission.unknown-outcome': 'the provider never said what became of the submission; its money stays on hold',
  'submission.written-off': 'the outcome of the submission is unknown, and an operator ended the hold on its money',
  'provider.unavailable': 'the provider did not answer in time, or answered nonsense',
  'provider.throttled': 'the provider asked for fewer requests',
  'provider.account': 'the provider refused the account: key, permission or balance',
  'provider.refused': 'the provider explicitly refused the request',
  'provider.content-refused': 'the provider refused the content',
  'provider.task-failed': 'the provider accepted the task and then failed it',
  'provider.blocked':
    'something between worker and provider refused every send of this submission and let others pass; the provider does not know its task, and its money stays on hold',
  'provider.id-burnt': 'a refused request used up its task id; the image is bought under the next one',
  'submission.request-gone': 'the request of the generation was erased or lost before this image was bought',
  'submission.superseded': 'an earlier submission of this image succeeded before this one was bought',
  'api.malformed': 'the HTTP request cannot be read: no JSON, or a malformed header or address',
  'api.unauthenticated': 'the HTTP request has no API key, or one that is unknown, mistyped or revoked',
  'api.forbidden': 'the API key lacks the scope that this call needs',
  'api.not-found': 'the HTTP API has no such path',
  'api.method-not-allowed': 'the path of the HTTP API does not take this method',
  'api.too-large': 'the body of the HTTP request is too large',
  'api.unsupported-media-type': 'the body of the HTTP request is of a type that this call does not take',
  'api.too-many-requests':
    'the API key has made too many requests, the tenant has too many open streams or uploads, or an address sent too many wrong keys; wait as `Retry-After` says',
  'api.unavailable': 'the HTTP API does not answer, or what answers is none; what was asked may have arrived',
  'api.failed': 'the HTTP API failed; its log names the reason under the request id',
  'service.stopping': 'the process is stopping',
  'local-stack.unavailable': 'a part of the local system could not be started on this machine, or ended by itself',
} as const;

export type ErrorCode = keyof typeof errorCodes;
