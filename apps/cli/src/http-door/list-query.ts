import type { ListOptions } from '@darkroom/producer';

/** Writes filters of a list as the query of a page. */
export function queryOf({ metadata, status, ...filters }: ListOptions, limit: number, cursor: string | undefined): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  if (status !== undefined) query.set('status', [status].flat().join(','));
  for (const [name, text] of Object.entries(metadata ?? {})) query.set(`metadata[${name}]`, text);
  for (const [name, value] of Object.entries(filters)) {
    if (value === undefined) continue;
    const isTime = /(?:From|Before)$/.test(name);
    // The filters whose names end so are times, the others texts.
    query.set(name, isTime ? new Date(value).toISOString() : String(value));
  }
  if (cursor !== undefined) query.set('cursor', cursor);
  return query;
}
