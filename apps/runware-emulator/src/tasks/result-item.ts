import { contentTypeOf, defined } from '@darkroom/contracts';
import type { Gallery } from '../images/gallery.ts';
import { itemCount, type Task } from '../state/task.ts';
import { imagePathOf, type AddressDependencies } from './image-address.ts';
import { isChecked } from './image-request.ts';
import { isNsfw } from './draw-ending.ts';
import { reportedCost } from './price.ts';

/** One object of `data`. */
export type ResultItem = Readonly<Record<string, unknown>>;

export interface ItemDependencies extends AddressDependencies {
  gallery: Gallery;
  /** Returns the public address of the emulator, without a slash at the end. */
  baseUrl(): string;
}

/** Builds the result of one image (model page, "Response Parameters"). Only polls and webhooks add `status`. */
export async function buildResultItem(task: Task, index: number, dependencies: ItemDependencies): Promise<ResultItem> {
  const { gallery, baseUrl } = dependencies;
  const { request, faults, ending } = task;
  const image = ending?.outcome.status === 'success' ? ending.outcome.images[index] : undefined;
  if (image === undefined) throw new Error(`task "${task.taskUUID}" has no image ${index}`);
  const cost = reportedCost(request, faults);
  return {
    taskType: 'imageInference',
    taskUUID: task.taskUUID,
    imageUUID: image.imageUUID,
    ...(request.outputType === 'URL'
      ? { imageURL: `${baseUrl()}${imagePathOf(task, index, image.imageUUID, dependencies)}` }
      : await inlineImage(task, image.seed, gallery)),
    seed: image.seed,
    ...(isChecked(request) && { NSFWContent: isNsfw(task) }),
    ...defined({ cost }),
  };
}

async function inlineImage(task: Task, seed: number, gallery: Gallery): Promise<ResultItem> {
  const base64 = (await gallery.load(task, seed)).toString('base64');
  if (task.request.outputType === 'base64Data') return { imageBase64Data: base64 };
  return { imageDataURI: `data:${contentTypeOf(task.request.outputFormat)};base64,${base64}` };
}

/** Builds a failure for polls, webhooks and synchronous answers. */
export const failureItem = (taskUUID: string, code: string, message: string) => ({
  code,
  status: 'error' as const,
  message,
  documentation: 'https://runware.ai/docs/platform/errors',
  taskUUID,
  taskType: 'imageInference',
});

/** Returns the failure of a task; undefined if it did not fail. */
export function failureOf({ taskUUID, request, faults, ending }: Task): (ReturnType<typeof failureItem> & { cost?: number }) | undefined {
  if (ending?.outcome.status !== 'error') return undefined;
  const cost = faults.failedTasksCharged && faults.failedTasksTellCost ? reportedCost(request, faults) : undefined;
  return { ...failureItem(taskUUID, ending.outcome.code, ending.outcome.message), ...defined({ cost }) };
}

/** Builds the results of all images of a task. */
export const buildResultItems = async (task: Task, dependencies: ItemDependencies): Promise<ResultItem[]> =>
  Promise.all(Array.from({ length: itemCount(task) }, (_, index) => buildResultItem(task, index, dependencies)));
