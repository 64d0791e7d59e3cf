import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Missing } from './program.ts';

/** A wait ends after the same refusal for this long, because a refusal by S3 or by the provider does not pass by itself. */
const SAME_LIMIT_MS = 5000;
const ANSWER_LIMIT_MS = 2000;

/**
 * Returns a check that a process of ours is ready. Its URL answers 200, or names the failing checks, as every `/readyz` does.
 * @param endsOnRefusal True: a lasting refusal by S3 or by the provider ends the wait.
 */
export function checkUrl(url: string, endsOnRefusal = false): (signal: AbortSignal) => Promise<Missing | undefined> {
  let [refusal, refusedSince] = ['', 0];
  return async (signal) => {
    const failed = await findFailedChecks(url, signal);
    if (failed === undefined) return undefined;
    const refused = failed.flatMap(([name, outcome]) => (name === 's3' || name === 'provider' ? [outcome] : [])).join();
    if (refused !== refusal) [refusal, refusedSince] = [refused, performance.now()];
    return {
      what: failed.map(([name, outcome]) => `${name}: ${outcome}`).join('; '),
      isLasting: endsOnRefusal && refusal !== '' && performance.now() - refusedSince > SAME_LIMIT_MS,
    };
  };
}

async function findFailedChecks(url: string, signal: AbortSignal): Promise<[name: string, outcome: string][] | undefined> {
  try {
    const response = await ask(url, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]));
    const answer = await text(response);
    if (response.statusCode === 200) return undefined;
    const { checks } = JSON.parse(answer) as { checks: Record<string, string> }; // the body of every /readyz that is not ok
    return Object.entries(checks).filter(([, outcome]) => outcome !== 'ok');
  } catch {
    return [['health', 'it does not answer']];
  }
}

/**
 * Begins a request. A wait makes dozens of them, and `fetch` would take ten times their processor time. The connection is not kept alive: an
 * idle one would delay the stop of the server.
 */
const ask = (url: string, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => void get(url, { agent: false, signal }, resolve).on('error', reject));
