import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface Sending {
  method: 'POST' | 'PUT';
  url: string;
  body: Buffer;
  /** None if left out: Runware is not known to send one with uploads. */
  contentType?: string | undefined;
  /** In pieces without `Content-Length`; in one piece by default. */
  chunked?: boolean;
  timeoutMs: number;
  signal: AbortSignal;
}

/** What became of a sending: the status of the answer, or 0 when there was none. */
export type HttpStatus = number;

export const isSuccess = (status: HttpStatus): boolean => status >= 200 && status < 300;

/**
 * Sends a body over a connection of its own and waits for the status; redirects are not followed. Written on `node:http`
 * because `fetch` would choose the headers.
 * @returns The status, or 0 for a timeout and for any trouble of the network.
 * @throws When the signal is aborted.
 */
export async function send({ method, url, body, contentType, chunked = false, timeoutMs, signal }: Sending): Promise<HttpStatus> {
  const begin = url.startsWith('https:') ? requestHttps : requestHttp;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<HttpStatus>((resolve, reject) => {
      const headers = {
        ...(!chunked && { 'content-length': body.length }),
        ...(contentType !== undefined && { 'content-type': contentType }),
      };
      const request = begin(url, { method, headers, agent: false, signal }, (response) => {
        response.on('error', reject);
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.resume();
      });
      request.on('error', reject);
      timer = setTimeout(() => request.destroy(new Error('timed out')), timeoutMs);
      if (chunked) request.write(body.subarray(0, body.length >> 1));
      request.end(chunked ? body.subarray(body.length >> 1) : body);
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return 0;
  } finally {
    clearTimeout(timer);
  }
}
