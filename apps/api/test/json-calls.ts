import { order, type World } from './world.ts';

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

/** Builds the calls of a test file, whose world and key are there once it has begun. Each answer is read as JSON. */
export function jsonCalls(world: () => World, key: () => string) {
  const call = async (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<JsonAnswer> => {
    const answer = await world().call(key(), method, path, body, headers);
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  };
  const create = async (more: object = {}, headers?: Record<string, string>) =>
    call('POST', '/v1/generations', { ...order, ...more }, headers);
  return { call, create };
}
