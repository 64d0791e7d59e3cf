import type { PageWorld } from './world.ts';

/** Tests by the row of the page that they cover: "<row>: <rule>". */
export type Rows = Readonly<Record<string, (world: PageWorld) => Promise<void>>>;
