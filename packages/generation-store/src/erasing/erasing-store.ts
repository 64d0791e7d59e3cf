import type { Redis } from 'ioredis';
import { bindOperations } from '../bind-operations.ts';
import { readOwnership } from '../recovery/ownership.ts';
import { endBulk, listForBulk, stepBulk, takeBulkTurn, takeIntoBulk } from './bulk-turns.ts';
import { beginAged, readAgedState, readKeptDays, readOpenOf, takeAged } from './by-age.ts';
import { countErasures, dropErasure, endSweep, postponeSweep, readDueErasures } from './sweeps.ts';
import { countLeftUploads, forgetLeftUploads, readLeftUploads } from './left-uploads.ts';

/** The part of Redis that the eraser uses. */
export interface ErasingStore extends ReturnType<typeof bindAll> {}

/** Builds the store on a connection that its caller keeps and closes. */
export const buildErasingStore = ({ prefix }: { prefix: string }, redis: Redis): ErasingStore => bindAll(prefix, redis);

function bindAll(prefix: string, redis: Redis) {
  const bind = bindOperations(redis, prefix);
  return {
    readOwnership: bind(readOwnership),
    readLeftUploads: bind(readLeftUploads),
    forgetLeftUploads: bind(forgetLeftUploads),
    countLeftUploads: bind(countLeftUploads),
    readDueErasures: bind(readDueErasures),
    endSweep: bind(endSweep),
    dropErasure: bind(dropErasure),
    postponeSweep: bind(postponeSweep),
    countErasures: bind(countErasures),
    takeBulkTurn: bind(takeBulkTurn),
    listForBulk: bind(listForBulk),
    takeIntoBulk: bind(takeIntoBulk),
    stepBulk: bind(stepBulk),
    endBulk: bind(endBulk),
    readKeptDays: bind(readKeptDays),
    readOpenOf: bind(readOpenOf),
    readAgedState: bind(readAgedState),
    beginAged: bind(beginAged),
    takeAged: bind(takeAged),
  };
}
