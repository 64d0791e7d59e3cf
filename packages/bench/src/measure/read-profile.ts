import { z } from 'zod';

/** The part of a V8 profile that is read (Chrome DevTools protocol, "Profiler.Profile"). */
const profileSchema = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string() }) })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export interface Share {
  /** A library, a package of ours, or a part of Node. */
  part: string;
  /** Of the time that is not idle. */
  percent: number;
  ms: number;
}

/** Adds up self times by library and package, the largest first. */
export function sharesOf(profile: unknown): Share[] {
  const { nodes, samples, timeDeltas } = profileSchema.parse(profile);
  const partOf = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, at) => {
    const part = partOf.get(id) ?? 'unknown';
    if (part !== '(idle)') times.set(part, (times.get(part) ?? 0) + (timeDeltas[at] ?? 0) / 1000);
  });
  const total = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  return [...times].map(([part, ms]) => ({ part, ms, percent: (ms / total) * 100 })).toSorted((one, other) => other.ms - one.ms);
}

function nameOf({ functionName, url }: { functionName: string; url: string }): string {
  const library = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined) return library;
  const own = /\/(apps|packages)\/([^/]+)\/dist\//.exec(url);
  if (own !== null) return `${own[1]}/${own[2]}`;
  if (url.startsWith('node:')) return url;
  return functionName.startsWith('(') ? functionName : `${functionName} of Node`;
}
