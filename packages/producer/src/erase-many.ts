import { describeGiven, defined, readOptions, tagProblems, type ProblemList } from '@darkroom/contracts';
import type { FoundBulk } from '@darkroom/generation-store';
import { foreignTenantProblems } from './tenant-problems.ts';

/** The generations that `erase` takes: those of a tenant, those with a tag, or those of a tenant that have the tag. */
export interface ErasedMany {
  /** Tenant of the generations. Defaults to the producer's own, or to all tenants if it has none; then a tag is needed. */
  tenant?: string;
  /** One of their tags, byte for byte. */
  tag?: string;
}

const names = ['tenant', 'tag'] as const satisfies readonly (keyof ErasedMany)[];

/** State of a request to erase many generations. Times are Redis time, in milliseconds since 1970. */
export interface BulkErasure {
  /** Names the request for `erasure`. */
  erasureId: string;
  /** "erased" once all that belongs to it is erased, but for the open generations that it left. Ask until then. */
  status: 'requested' | 'erased';
  /** Time of the request. Later generations do not belong to it, whenever the eraser finds them. */
  requestedAt: number;
  /** Absent for a tag of all tenants. */
  tenant?: string;
  /** Absent until it is erased. */
  erasedAt?: number;
  /** Number of the generations that belong to it, as far as the eraser has looked; those that were erased before are not counted. */
  found: number;
  /** Number of those that are erased. */
  erased: number;
  /** Number of those that were open and are left, because the call did not say `cancel: true`. */
  left: number;
  /** Ids of the left ones, the first 1,000. */
  open: string[];
}

/** Reads what a call wants to erase, and appends its problems. */
export function readErasedMany(given: unknown, boundTo: string | undefined, problems: ProblemList): ErasedMany | undefined {
  const many = readOptions(given as ErasedMany, { path: 'which', known: names }, problems);
  if (many === undefined) return undefined;
  const { tenant = boundTo, tag } = many;
  if (tag !== undefined) problems.push(...tagProblems('which.tag', tag));
  problems.push(...foreignTenantProblems(tenant, boundTo).map((problem) => ({ ...problem, path: 'which.tenant' })));
  if (many.tenant === undefined && tag === undefined)
    problems.push({ path: 'which', message: 'must name a tenant, a tag, or both', given: describeGiven(given) });
  return defined({ tenant, tag });
}

export const bulkErasureOf = ({ erasureId, requestedAt, tenant, erasedAt, found, erased, left, open }: FoundBulk): BulkErasure => ({
  erasureId,
  status: erasedAt === undefined ? 'requested' : 'erased',
  requestedAt,
  ...defined({ tenant, erasedAt }),
  found,
  erased,
  left,
  open,
});
