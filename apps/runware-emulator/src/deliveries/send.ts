import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { defined } from '@darkroom/contracts';

export interface Sending {
  method: 'POST' | 'PUT';
  url: string;
  body: Buffer;
  /** Absent: no header. Runware is not known to send one with uploads. */
  contentType?: string | undefined;
  /** Sends chunks without `Content-Length`; by default one piece. */
  chunked?: boolean;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Status of the answer, or 0 if there was none. */
export type HttpStatus = number;

export const isSuccess = (status: HttpStatus): boolean => status >= 200 && status < 300;

/**
 * Sends a body over a connection of its own and waits for the status; redirects are not followed. Written on `node:http`
 * because `fetch` would choose the headers.
 * @returns the status, or 0 after a timeout or any network error.
 * @throws if the signal is aborted.
 */
export async function send({ method, url, body, contentType, chunked = false, timeoutMs, signal }: Sending): Promise<HttpStatus> {
  const begin = url.startsWith('https:') ? requestHttps : requestHttp;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<HttpStatus>((resolve, reject) => {
      const headers = {
        ...(!chunked && { 'content-length': body.length }),
        ...defined({ 'content-type': contentType }),
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
