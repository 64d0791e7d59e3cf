import type { IncomingHttpHeaders } from 'node:http';
import { defined, InvalidRequestError, isFinalGeneration } from '@darkroom/contracts';
import type { Producer } from '@darkroom/producer';
import type { FastifyReply } from 'fastify';
import { ApiError } from '../answers/api-error.ts';
import { etagOf } from '../answers/answer.ts';
import { eventJson, generationJson } from '../answers/generation-json.ts';
import { problemOf } from '../answers/problem.ts';
import type { KeyWatch } from '../keys/watch-keys.ts';
import type { EventFeed } from './event-feed.ts';
import { openSse, type SseStream } from './sse.ts';

/** Parts of a request that a stream needs. */
interface StreamCall {
  tenant: string;
  keyId: string;
  requestId: string;
  producer: Pick<Producer, 'get' | 'watch'>;
  params: Readonly<Record<string, string>>;
  headers: IncomingHttpHeaders;
  feed: EventFeed;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
  /** Aborted when the caller disconnects or the process stops. */
  signal: AbortSignal;
  reply: FastifyReply;
}

/** The open streams of this process. */
export interface Streams {
  /** Follows a generation until it is final. @returns true if the reader has its end already; nothing was written then. */
  followGeneration(call: StreamCall): Promise<boolean>;
  /** Follows the events of a tenant until the reader leaves or the process stops. */
  followEvents(call: StreamCall): Promise<void>;
  /** Returns the number of open streams. */
  count(): number;
}

/** Place of an event in the stream of Redis. */
const PLACE = /^\d{1,15}-\d{1,15}$/;

/** Seconds after which a reader without a place may find one. */
const FULL_SECONDS = 10;

/** @param most Streams that may be open at once, of all tenants and of one. @param keys Ends the streams of a key that opens them no more. */
export function createStreams(most: { all: number; tenant: number }, keys: Pick<KeyWatch, 'follow'>): Streams {
  let open = 0;
  const ofTenants = new Map<string, number>();

  /** Takes the place of a stream before anything is read for it. @returns what frees it. @throws ApiError without one. */
  function admit({ stopping, tenant }: StreamCall): () => void {
    if (stopping.aborted) throw new ApiError('service.stopping', 'the API is stopping; connect again');
    const own = ofTenants.get(tenant) ?? 0;
    const full = open >= most.all ? `the API has its ${most.all}` : own >= most.tenant ? `the tenant has its ${most.tenant}` : undefined;
    if (full !== undefined)
      throw new ApiError('api.too-many-requests', `${full} open streams; try again later`, { retryAfterSeconds: FULL_SECONDS });
    open += 1;
    ofTenants.set(tenant, own + 1);
    return () => {
      open -= 1;
      const left = (ofTenants.get(tenant) ?? 1) - 1;
      if (left > 0) ofTenants.set(tenant, left);
      else ofTenants.delete(tenant);
    };
  }

  /** Does work with the place of a stream. */
  async function withPlace<Value>(call: StreamCall, work: () => Promise<Value>): Promise<Value> {
    const free = admit(call);
    try {
      return await work();
    } finally {
      free();
    }
  }

  /**
   * Runs a stream to its end: that of what it follows, of the reader, of the process, or of its key. What fails after the first byte becomes an
   * event: the status is sent.
   */
  async function stream(
    call: StreamCall,
    follow: (sse: SseStream, signal: AbortSignal) => Promise<void>,
    place?: () => string,
  ): Promise<void> {
    const key = keys.follow(call);
    const signal = AbortSignal.any([call.signal, key.signal]);
    const sse = openSse(call.reply, signal, defined({ place }));
    try {
      await follow(sse, signal);
    } catch (error) {
      if (!call.signal.aborted) {
        const { problem } = problemOf(key.signal.aborted ? key.signal.reason : error, call.requestId);
        // Without a wait: the connection ends.
        void sse.send({ event: 'error', data: problem }).catch(() => undefined);
      }
    } finally {
      key.leave();
      sse.end();
    }
  }

  return {
    count: () => open,
    followGeneration: (call) =>
      withPlace(call, async () => {
        const { producer, params, headers } = call;
        const id = params['id'] ?? '';
        const first = await producer.get(id);
        const idOf = (view: typeof first, body: unknown): string => etagOf(view, body).slice(3, -1);
        if (isFinalGeneration(first.status) && headers['last-event-id'] === idOf(first, generationJson(first))) return true;
        await stream(call, async (sse, signal) => {
          for await (const view of producer.watch(id, { signal })) {
            const body = generationJson(view);
            await sse.send({ event: 'generation', id: idOf(view, body), data: body });
          }
        });
        return false;
      }),
    followEvents: (call) =>
      withPlace(call, async () => {
        const { feed, headers } = call;
        const last = headers['last-event-id'];
        if (last !== undefined && !PLACE.test(String(last)))
          throw new InvalidRequestError([{ path: 'Last-Event-ID', message: 'must be the `id` of an event of this stream' }]);
        const given = last === undefined ? undefined : String(last);
        const gap = given === undefined ? undefined : await feed.findGap(given);
        const newest = given === undefined ? await feed.newest() : given;
        const tellGap = (sse: SseStream, until: string) =>
          sse.send({ event: 'gap', id: until, data: { until: new Date(Number(until.split('-')[0])).toISOString() } });
        let place = gap ?? newest;
        const follow = async (sse: SseStream, signal: AbortSignal): Promise<void> => {
          if (gap !== undefined) await tellGap(sse, gap);
          else sse.mark(place);
          for (;;) {
            const page = await feed.next(place, call, signal, (seen) => (place = seen));
            if (page.gap !== undefined) await tellGap(sse, page.gap);
            for (const { place: id, event } of page.events) await sse.send({ event: event.event, id, data: eventJson(event) });
            ({ place } = page);
          }
        };
        await stream(call, follow, () => place);
      }),
  };
}
