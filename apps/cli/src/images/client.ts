import type { GenerationView, Problem, Quote } from '@darkroom/contracts';
import type { PeriodSpend } from '@darkroom/generation-store';
import type { DarkroomEvent, Erasure, EraseOptions, EventsGap, Producer, WebhookEndpoints } from '@darkroom/producer';

/** The calls of the library that users' commands make. */
export interface ClientProducer extends Pick<Producer, 'enqueue' | 'get' | 'findByIdempotencyKey' | 'list' | 'watch' | 'cancel' | 'retry'> {
  erase(generationId: string, options: EraseOptions): Promise<Pick<Erasure, 'status'>>;
  /** Returns the problems of a request by the model that it names. */
  requestProblems(request: unknown): Problem[] | Promise<Problem[]>;
  /** Prices a request by its model; absent for the library, which knows the models of this version. */
  quoteOf?(view: Pick<GenerationView, 'request' | 'generationId'>): Promise<Quote>;
  /** Absent over HTTP, which has no timelines. */
  readonly timeline?: Producer['timeline'];
}

/** The calls about webhook endpoints that users' commands make. */
export type ClientEndpoints = Omit<WebhookEndpoints, 'close'>;

/** Where a user's command works: a Redis and its bucket by the library, or the HTTP API. Both say the same. */
export interface Client {
  readonly producer: ClientProducer;
  /** Yields the events behind the place of a group until the signal, and those that it yielded but the last as often as it is asked again. */
  events(group: string, tenant: string | undefined, signal: AbortSignal): AsyncIterable<DarkroomEvent | EventsGap>;
  /** Keeps a reference image. @returns its reference for a request. @throws InvalidRequestError, StorageError */
  putReference(image: Uint8Array, tenant: string | undefined): Promise<string>;
  /** Writes a verified image to a file, whole or not at all. @throws StorageError; errors of the file system. */
  saveImage(view: GenerationView, index: number, file: string): Promise<void>;
  /** Opens the webhook endpoints of the tenant of the command, once. @throws ConfigError */
  endpoints(): ClientEndpoints;
}

/** Reads the ledger of the tenants that the caller may see. */
export type ReadSpend = (tenant: string | undefined) => Promise<PeriodSpend[]>;
