import type { LinePage } from '@darkroom/generation-store';
import { orName } from './name-corrupt.ts';
import type { Pass } from './pass.ts';

const PAGE = 500;
/** The second walk finds the jobs that were added with an old number during the first. */
const WALKS = 2;

/**
 * Removes from the fair line what waits no more, and lets the jobs count anew before BullMQ takes no higher numbers. From then on new jobs
 * have low numbers; the others get theirs here, the first ones first. Until the end new jobs go before old ones.
 */
export async function lookAtLine(pass: Pass): Promise<void> {
  const { store, submissions } = pass.reconciler;
  const isRenumbering = await store.beginRenumbering();
  if (!isRenumbering && !pass.isThorough) return;
  for (let walk = 0; walk < (isRenumbering ? WALKS : 1); walk += 1) {
    let page: LinePage | undefined;
    do {
      page = await store.mendLinePage(PAGE, page?.next);
      if (isRenumbering) for (const each of page.waiting) await orName(pass, each, () => submissions.renumber(each));
      await pass.checkpoint(isRenumbering ? page.waiting.length : 0);
    } while (page.next !== undefined);
  }
  if (isRenumbering) await store.endRenumbering();
}
