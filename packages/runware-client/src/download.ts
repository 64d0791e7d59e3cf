import { resolveHost, type DownloadVerdict, type HostRules, type ProviderFault } from '@darkroom/contracts';
import { Agent, fetch } from 'undici';
import { readBoundedBody } from './bounded-body.ts';
import { classifyFault } from './classify.ts';
import { startDeadline } from './deadline.ts';
import { networkFault } from './exchange.ts';
import { checkImageAddress, type ImageAddressRules } from './image-address.ts';
import { networkCodeOf, networkMessageOf } from './network-fault.ts';

export interface DownloadSettings extends ImageAddressRules, HostRules {
  requestTimeoutMs: number;
  maxImageBytes: number;
}

/** Refusals that may pass, beside those of a failing server (5xx). All others mean that the image is not there. */
const PASSING_STATUSES = new Set([408, 425, 429]);

/**
 * Fetches an image from the provider's own address, in case its upload never came. The address is not trusted: only listed hosts, at
 * public addresses, no redirects, bounded in size (after decompression) and time, without key or cookie. A host name that resolves
 * elsewhere for now counts as unavailable and is tried again: the image may still be fetched later.
 */
export async function downloadImage(settings: DownloadSettings, imageURL: string, signal?: AbortSignal): Promise<DownloadVerdict> {
  const address = checkImageAddress(imageURL, settings);
  if (address.kind === 'disallowed')
    return {
      kind: 'not-there',
      fault: { class: 'unknown', code: 'ADDRESS_REFUSED', message: `the image's address was not fetched: ${address.reason}` },
    };

  // The path names the image and its query may grant access: messages repeat neither.
  const attempted = `fetch of an image from '${address.url.host}'`;
  const deadline = startDeadline(settings.requestTimeoutMs, signal);
  try {
    return await fetchFrom(address.url, attempted, settings, deadline.signal);
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

/** Sends one request over a new connection: a kept one would lead to the name's earlier address. @throws any error on the way. */
async function fetchFrom(
  url: URL,
  attempted: string,
  { maxImageBytes, ...rules }: Pick<DownloadSettings, 'maxImageBytes' | keyof HostRules>,
  signal: AbortSignal,
): Promise<DownloadVerdict> {
  const lookup = await resolveHost(url.hostname, rules, signal);
  const dispatcher = new Agent({ connect: { lookup }, pipelining: 0 });
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      credentials: 'omit',
      headers: { 'accept-encoding': 'identity' },
      signal,
      dispatcher,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { kind: isPassing(response.status) ? 'unavailable' : 'not-there', fault: faultOf(attempted, response.status) };
    }
    const body = await readBoundedBody(response.body, maxImageBytes);
    if (body.kind === 'read') return { kind: 'fetched', bytes: body.bytes };
    return {
      kind: 'not-there',
      fault: {
        class: 'unknown',
        code: 'IMAGE_TOO_LARGE',
        message: `${attempted} gave more than the ${maxImageBytes} bytes that are allowed`,
      },
    };
  } finally {
    await dispatcher.destroy();
  }
}

// A redirect is not followed, and counts as an answer without the image: its target is on no list.
const isPassing = (status: number): boolean => status >= 500 || PASSING_STATUSES.has(status);

const faultOf = (attempted: string, status: number): ProviderFault => ({
  class: classifyFault({ httpStatus: status }),
  code: `HTTP_${status}`,
  message: `${attempted} was answered ${status}`,
  httpStatus: status,
});
