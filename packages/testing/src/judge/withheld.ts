import { taskUuidOf } from '@darkroom/contracts';
import { MAX_SUBMISSIONS, type Tasks } from './billed-tasks.ts';
import type { Evidence, OrderRecord } from './evidence.ts';

/** An image that no caller may see until it is released. */
interface Hidden {
  /** `<generationId>/<index>-<n>` */
  name: string;
  /** Texts that show it: its key, the hash of its bytes and the provider's id of it. */
  signs: readonly string[];
}

/** Returns the images that the provider made and flagged for orders that withhold such images. */
export const hiddenImagesOf = (orders: readonly OrderRecord[], tasks: Tasks): Hidden[] =>
  orders.flatMap(({ ids, images, withholds, isFlagged }) =>
    withholds === true && isFlagged === true ? ids.flatMap((id) => hiddenOf(id, images, tasks)) : [],
  );

const hiddenOf = (generationId: string, images: number, tasks: Tasks): Hidden[] =>
  Array.from({ length: images * MAX_SUBMISSIONS }, (_, at) => {
    const ref = { generationId, index: at % images, n: Math.floor(at / images) + 1 };
    const name = `${generationId}/${ref.index}-${ref.n}`;
    const made = (tasks.get(taskUuidOf(ref))?.executions ?? []).flatMap((line) => line.images);
    const told = made.flatMap(({ sha256, imageUUID }) => [sha256, ...(imageUUID === undefined ? [] : [imageUUID])]);
    return { name, signs: made.length === 0 ? [] : [`${name}.`, ...told] };
  }).filter(({ signs }) => signs.length > 0);

/**
 * Finds withheld images that a caller saw before the bucket held their release: in a view, a list, a URL or an event. Returns one line for each
 * place.
 */
export function findWithheldShown({ orders, seen = [], released }: Evidence, tasks: Tasks): string[] {
  return hiddenImagesOf(orders, tasks).flatMap(({ name, signs }) =>
    seen
      .filter(({ at, text }) => at < (released.get(name) ?? Infinity) && signs.some((sign) => text.includes(sign)))
      .map(({ where }) => `${name}: was shown in "${where}" although it was withheld`),
  );
}

/** Finds images that are withheld at the end although their order withholds none, or although the bucket holds their release. */
export function findWithheldWrongly({ orders, generations, released }: Evidence): string[] {
  const isReleased = (id: string, index: number): boolean => [...released.keys()].some((name) => name.startsWith(`${id}/${index}-`));
  return orders.flatMap(({ ids, withholds }) =>
    ids.flatMap((id) =>
      (generations[id]?.images ?? [])
        .filter((image) => image.withheld === true && (withholds !== true || isReleased(id, image.index)))
        .map(
          ({ index }) => `${id}: image ${index} is withheld although ${withholds === true ? 'it was released' : 'nothing asks for that'}`,
        ),
    ),
  );
}
