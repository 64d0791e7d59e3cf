import type { OpenImagesPage } from '@darkroom/generation-store';
import type { Pass } from './pass.ts';

const PAGE = 500;

/** Removes images that are not open from the list of open images. A missing one is added with its open generation. */
export async function lookAtOpenImages(pass: Pass): Promise<void> {
  const { store } = pass.reconciler;
  let left = 0;
  let page: OpenImagesPage | undefined;
  do {
    page = await store.mendOpenImagesPage(PAGE, page?.next);
    left += page.left;
    await pass.checkpoint();
  } while (page.next !== undefined);
  if (left > 0) pass.found('open-images-miscounted', { detail: `${left} images that had ended` }, 'repaired');
}
