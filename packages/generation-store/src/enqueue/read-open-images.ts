import type { Redis } from 'ioredis';
import { z } from 'zod';
import { limitsKey } from '../keys.ts';
import { createNamedScript } from '../lua/named-script.ts';
import { namedReply, number } from '../lua/named.ts';
import { openImageBounds } from '../lua/open-images.ts';
import { prelude } from '../lua/prelude.ts';

const readScript = createNamedScript(['tenant'])(/* lua */ `${prelude}${openImageBounds}
return named({
  count = countOpen(tenant ~= '' and tenant or nil), limit = openImageBound('openImages'), limitPerTenant = openImageBound('openImagesPerTenant'),
})
`);

const openImagesSchema = namedReply(z.object({ count: number, limit: number, limitPerTenant: number }));

/** The number of open images, and their bounds; 0 is no bound. */
export type OpenImages = z.infer<typeof openImagesSchema>;

/** Counts the open images of a tenant, or of all. */
export const readOpenImages = async (redis: Redis, prefix: string, tenant?: string): Promise<OpenImages> =>
  openImagesSchema.parse(await readScript.run(redis, limitsKey(prefix), prefix, { tenant }));
