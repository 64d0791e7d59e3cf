import type { DownloadVerdict, ProviderFault } from '@darkroom/contracts';
import { readBoundedBody } from './bounded-body.ts';
import { classifyFault } from './classify.ts';
import { startDeadline } from './deadline.ts';
import { networkFault } from './exchange.ts';
import { checkImageAddress } from './image-address.ts';
import { networkCodeOf, networkMessageOf } from './network-fault.ts';

export interface DownloadSettings {
  imageHosts: readonly string[];
  requestTimeoutMs: number;
  maxImageBytes: number;
  fetch: typeof fetch;
}

/** Answers that another try will not change. Any other is tried again: giving up here loses an image that was paid for. */
const FINAL_STATUSES = new Set([401, 403, 404, 410]);

/**
 * Fetches an image from the provider's own address, for the case that its upload never came. The address is not trusted: only
 * listed hosts, no redirects, bounded in size and time, and neither key nor cookie goes along. A check of the resolved
 * network address belongs into the `fetch` that is passed in, at the moment it connects: checked earlier, a name could
 * resolve to something else by then.
 */
export async function downloadImage(settings: DownloadSettings, imageURL: string, signal?: AbortSignal): Promise<DownloadVerdict> {
  const address = checkImageAddress(imageURL, settings.imageHosts);
  if (address.kind === 'disallowed')
    return {
      kind: 'gone',
      fault: { class: 'unknown', code: 'ADDRESS_REFUSED', message: `the image's address was not fetched: ${address.reason}` },
    };

  // The path names the image and its query may grant access: neither is repeated.
  const attempted = `fetch of an image from '${address.url.host}'`;
  const deadline = startDeadline(settings.requestTimeoutMs, signal);
  try {
    const response = await settings.fetch(address.url, { redirect: 'manual', credentials: 'omit', signal: deadline.signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      return isFinal(response.status)
        ? { kind: 'gone', fault: faultOf(attempted, response.status) }
        : { kind: 'unavailable', fault: faultOf(attempted, response.status) };
    }
    const body = await readBoundedBody(response.body, settings.maxImageBytes);
    if (body.kind === 'read') return { kind: 'fetched', bytes: body.bytes };
    return {
      kind: 'gone',
      fault: {
        class: 'unknown',
        code: 'IMAGE_TOO_LARGE',
        message: `${attempted} gave more than the ${settings.maxImageBytes} bytes that are allowed`,
      },
    };
  } catch (error) {
    switch (deadline.endedBy()) {
      case 'timeout':
        return {
          kind: 'unavailable',
          fault: networkFault('REQUEST_TIMEOUT', `${attempted} took longer than ${settings.requestTimeoutMs} ms`),
        };
      case 'caller':
        return { kind: 'unavailable', fault: networkFault('REQUEST_ABORTED', `${attempted} was given up`) };
      case undefined:
        return { kind: 'unavailable', fault: networkFault(networkCodeOf(error), `${attempted} failed: ${networkMessageOf(error)}`) };
    }
  } finally {
    deadline.stop();
  }
}

// A redirect is not followed: it leads where no list was asked.
const isFinal = (status: number): boolean => FINAL_STATUSES.has(status) || (status >= 300 && status < 400);

const faultOf = (attempted: string, status: number): ProviderFault => ({
  class: classifyFault({ httpStatus: status }),
  code: `HTTP_${status}`,
  message: `${attempted} was answered ${status}`,
  httpStatus: status,
});
