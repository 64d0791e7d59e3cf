import type { PageWorld } from './world.ts';

/** Tests by the row of the page that they are about: "<row>: <what holds>". */
export type Rows = Readonly<Record<string, (world: PageWorld) => Promise<void>>>;
