import { defined, generationStatuses, type GenerationSummary, type GenerationView } from '@darkroom/contracts';
import type { ListFilter, ListPage, ListPlace } from '@darkroom/generation-store';

/** Lists a page of generations as the store of Redis does. */
export function listViews(
  views: readonly GenerationView[],
  { tenant, statuses = generationStatuses, code, tag, metadata = {}, createdFrom, createdBefore, finishedFrom, finishedBefore }: ListFilter,
  count: number,
  after: ListPlace | undefined,
): ListPage {
  const isByEnd = finishedFrom !== undefined || finishedBefore !== undefined;
  const placed = views
    .filter(
      (view) =>
        (tenant === undefined || view.tenant === tenant) &&
        statuses.includes(view.status) &&
        (code === undefined || codesOf(view).includes(code)) &&
        (tag === undefined || view.tags?.includes(tag) === true) &&
        Object.entries(metadata).every(([name, value]) => view.metadata?.[name] === value) &&
        isWithin(view.createdAt, createdFrom, createdBefore) &&
        (!isByEnd || (view.finishedAt !== undefined && isWithin(view.finishedAt, finishedFrom, finishedBefore))),
    )
    .map((view) => ({ view, place: { score: isByEnd ? (view.finishedAt ?? 0) : view.createdAt, generationId: view.generationId } }))
    .toSorted((one, other) => compare(other.place, one.place));
  const left = placed.filter(({ place }) => after === undefined || compare(place, after) < 0);
  const page = left.slice(0, count);
  return {
    generations: page.map(({ view }) => summaryOf(view)),
    ...defined({ next: left.length > count ? page.at(-1)?.place : undefined }),
  };
}

const isWithin = (at: number, from = -Infinity, before = Infinity): boolean => at >= from && at < before;

const compare = (one: ListPlace, other: ListPlace): number =>
  one.score - other.score || (one.generationId < other.generationId ? -1 : one.generationId > other.generationId ? 1 : 0);

const codesOf = ({ images }: GenerationView): string[] => [...new Set(images.flatMap(({ fault }) => fault?.code ?? []))];

const summaryOf = (view: GenerationView): GenerationSummary => {
  const { generationId, revision, status, provider, model, tenant, images, costUsd, createdAt, finishedAt, amended } = view;
  const { deadlineAt, runAt, clientReference, retryOf, priority, tags, metadata } = view;
  return {
    generationId,
    revision,
    status,
    provider,
    model,
    tenant,
    images: images.map((image) => image.status),
    codes: codesOf(view),
    costUsd,
    createdAt,
    amended,
    ...defined({ finishedAt, deadlineAt, runAt, clientReference, retryOf, priority, tags, metadata }),
  };
};
