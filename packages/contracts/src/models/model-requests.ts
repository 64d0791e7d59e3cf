import type { GrokImagineRequest, GrokImagineRequestInput } from './grok-imagine-image/request.ts';

/**
 * The types of the requests of each model, by its name: as a caller writes them and as they are kept. A caller names the model in the field
 * `model` of the request; only the first one may be left out. A new model adds its line.
 */
interface ModelRequests {
  'xai:grok-imagine@image': { input: GrokImagineRequestInput; request: GrokImagineRequest };
}

/** A request of any model, as a caller writes it. Its field `model` names the model; without it, it is one of Grok Imagine Image. */
export type RequestInput = ModelRequests[keyof ModelRequests]['input'];

/** A request of any model with all defaults filled in. */
export type ModelRequest = ModelRequests[keyof ModelRequests]['request'];
