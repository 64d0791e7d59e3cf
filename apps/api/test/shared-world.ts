import { afterAll, beforeAll } from 'vitest';
import { order, startWorld, type World } from './world.ts';

export interface Body {
  generationId: string;
  status: string;
  code: string;
  [more: string]: unknown;
}

interface JsonAnswer {
  status: number;
  headers: { get(name: string): string | null };
  body: Body;
}

/** The world of a test file, from its first test on: each answer is read as JSON. */
export interface SharedWorld {
  readonly world: World;
  /** A key of the tenant "acme" with all scopes. */
  readonly key: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<JsonAnswer>;
  create(more?: object, headers?: Record<string, string>): Promise<JsonAnswer>;
}

/** Starts a world before the tests of a file, and ends it after them. */
export function shareWorld(): SharedWorld {
  let world: World | undefined;
  let key = '';
  beforeAll(async () => {
    world = await startWorld();
    key = await world.key();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  const started = (): World => {
    if (world === undefined) throw new Error('the world starts with the first test');
    return world;
  };
  const call: SharedWorld['call'] = async (method, path, body, headers) => {
    const answer = await started().call(key, method, path, body, headers);
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  };
  return {
    get world() {
      return started();
    },
    get key() {
      return key;
    },
    call,
    create: (more = {}, headers) => call('POST', '/v1/generations', { ...order, ...more }, headers),
  };
}
