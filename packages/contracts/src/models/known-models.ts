import type { NanoUsd } from '../money.ts';
import { grokImagineImage } from './grok-imagine-image/model.ts';
import type { Model } from './model.ts';
import type { StoredRequest } from './stored-request.ts';

/** The models whose requests a process takes. */
export interface Models {
  /** Names of all models; requests without a model are of the first. */
  readonly ids: readonly string[];
  /** Highest price of one image of any of them. */
  readonly mostNanoUsd: NanoUsd;
  /** Finds a model by its name; without a name it is the first. */
  find(id: string | undefined): Model | undefined;
}

/** Joins models. */
export function createModels(first: Model, ...others: Model[]): Models {
  const all = new Map([first, ...others].map((model) => [model.id, model]));
  return {
    ids: [...all.keys()],
    mostNanoUsd: Math.max(...[...all.values()].map(({ mostNanoUsd }) => mostNanoUsd)),
    find: (id) => (id === undefined ? first : all.get(id)),
  };
}

/** The models of this version. */
export const knownModels: Models = createModels(grokImagineImage);

/** Finds the model of a request. @throws RangeError if it is not one of these. */
export function modelOf(models: Models, { model: id }: Pick<StoredRequest, 'model'>): Model {
  const model = models.find(id);
  if (model === undefined) throw new RangeError(`the model "${id}" is not one of ${models.ids.join(', ')}`);
  return model;
}
