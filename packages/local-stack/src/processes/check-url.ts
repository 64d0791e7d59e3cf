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
    // Not kept alive: an idle connection would delay the stop of the server.
    const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
    const response = await fetch(url, { signal: limited, headers: { connection: 'close' } });
    const answer = await response.text();
    if (response.ok) return undefined;
    const { checks } = JSON.parse(answer) as { checks: Record<string, string> }; // the body of every /readyz that is not ok
    return Object.entries(checks).filter(([, outcome]) => outcome !== 'ok');
  } catch {
    return [['health', 'it does not answer']];
  }
}
