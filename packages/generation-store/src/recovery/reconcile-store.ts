import type { Redis } from 'ioredis';
import { bindOperations } from '../bind-operations.ts';
import { handOverUploads } from '../erasing/left-uploads.ts';
import { noteLeftTombstones, noteTombstones } from '../erasing/note-tombstones.ts';
import { trimEvents } from '../events/trim-events.ts';
import { cleanList, mendLists } from '../lists/mend-lists.ts';
import { dropIdempotencyKey, dropOpen, scanNames } from './indexes.ts';
import { findResult, noteLook, readKnown } from './known.ts';
import { findLastPass, noteProgress, recordPass } from './last-pass.ts';
import { beginSums, correctLedger, endSums, nameInSums, sumHolds } from './ledger.ts';
import { mend } from './mend.ts';
import { beginRenumbering, endRenumbering, mendLinePage } from './mend-line.ts';
import { mendOpenImagesPage } from './mend-open-images.ts';
import { readNamed, rememberNamed } from './named.ts';
import { forgetBought, readBoughtPage, readOpenPage } from './open-generations.ts';
import { isReading } from './reading.ts';
import { isInitialised } from './server-run.ts';
import { claimTurn, endTurn, RECONCILE_TURN } from './turns.ts';
import { forgetUnclaimed, readUnclaimed } from './unclaimed.ts';

/** The entries as the reconciler walks through them: every method is one round trip or a few, every change one script. */
export interface ReconcileStore extends ReturnType<typeof bindAll> {}

/** Builds the store on a connection that its caller keeps and closes. */
export const buildReconcileStore = ({ prefix }: { prefix: string }, redis: Redis): ReconcileStore => bindAll(prefix, redis);

function bindAll(prefix: string, redis: Redis) {
  const bind = bindOperations(redis, prefix);
  return {
    isInitialised: bind(isInitialised),
    isReading: bind(isReading),
    /** Takes the fleet's turn, or keeps it. @param holder Names one pass. @returns true if it has the turn for that long. */
    takeTurn: (holder: string, forMs: number) => claimTurn(redis, prefix, RECONCILE_TURN, forMs, holder),
    endTurn: (holder: string) => endTurn(redis, prefix, RECONCILE_TURN, holder),
    readOpenPage: bind(readOpenPage),
    mend: bind(mend),
    readKnown: bind(readKnown),
    findResult: bind(findResult),
    noteLook: bind(noteLook),
    handOverUploads: bind(handOverUploads),
    noteTombstones: bind(noteTombstones),
    noteLeftTombstones: bind(noteLeftTombstones),
    beginSums: bind(beginSums),
    nameInSums: bind(nameInSums),
    sumHolds: bind(sumHolds),
    correctLedger: bind(correctLedger),
    endSums: bind(endSums),
    scanNames: bind(scanNames),
    dropOpen: bind(dropOpen),
    trimEvents: bind(trimEvents),
    mendLists: bind(mendLists),
    cleanList: bind(cleanList),
    mendLinePage: bind(mendLinePage),
    mendOpenImagesPage: bind(mendOpenImagesPage),
    beginRenumbering: bind(beginRenumbering),
    endRenumbering: bind(endRenumbering),
    dropIdempotencyKey: bind(dropIdempotencyKey),
    readUnclaimed: bind(readUnclaimed),
    forgetUnclaimed: bind(forgetUnclaimed),
    readNamed: bind(readNamed),
    rememberNamed: bind(rememberNamed),
    readBoughtPage: bind(readBoughtPage),
    forgetBought: bind(forgetBought),
    noteProgress: bind(noteProgress),
    recordPass: bind(recordPass),
    findLastPass: bind(findLastPass),
  };
}
