import type { FastifyRequest } from 'fastify';

/** Most jobs on a page: the largest choice that the board offers (Bull Board 9.10.1, "Jobs per page"). */
const MAX_JOBS_PER_PAGE = 50;
const MAX_PAGE = 1_000_000;

/** Bounds the requested number of jobs on a page: each is read from Redis and sent whole. */
export async function boundPages({ query }: FastifyRequest): Promise<void> {
  if (typeof query !== 'object' || query === null) return;
  const given = query as Record<string, unknown>; // fastify parses the query into an object of strings and lists of them
  bound(given, 'jobsPerPage', MAX_JOBS_PER_PAGE);
  bound(given, 'page', MAX_PAGE);
}

function bound(query: Record<string, unknown>, name: string, max: number): void {
  if (query[name] === undefined) return;
  const value = Math.trunc(Number([query[name]].flat()[0]));
  query[name] = String(Number.isNaN(value) ? 1 : Math.min(max, Math.max(1, value)));
}
