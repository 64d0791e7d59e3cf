import { defined } from '@darkroom/contracts';
import type { Dice } from '../dice.ts';
import { purposeOf, type Task } from '../state/task.ts';
import type { ResultItem } from '../tasks/result-item.ts';

/**
 * Builds the body of a webhook. Runware's sources disagree about its form (flat in the newest official guide, an envelope in the official
 * Python client and in live code of other users), so a receiver must accept every form.
 */
export function buildWebhookBody(task: Task, index: number, item: ResultItem, dice: Dice): unknown {
  const { faults } = task;
  const isFailure = item['status'] === 'error';
  const named = isFailure && faults.webhookErrorWithoutTaskUuid ? withoutTaskUuid(item) : item;
  const told = faults.webhookExtraFields ? { ...named, webhookVersion: '2', metadata: { region: 'eu-1', attempts: [1] } } : named;
  switch (faults.webhookBody) {
    case 'flat':
      return told;
    case 'array':
      return [told];
    case 'envelope':
      return isFailure ? { errors: [told] } : { data: [told] };
    case 'singular-error': {
      if (!isFailure) return told;
      const { taskUUID, ...error } = told;
      return { error, ...defined({ taskUUID }) };
    }
    case 'several-items': {
      const unrelated = {
        taskType: 'imageInference',
        status: 'success',
        taskUUID: dice.uuid(...purposeOf('stranger-task', task, index)),
        imageUUID: dice.uuid(...purposeOf('stranger-image', task, index)),
      };
      return isFailure ? { data: [unrelated], errors: [told] } : { data: [unrelated, told] };
    }
  }
}

function withoutTaskUuid({ taskUUID: _, ...rest }: ResultItem): ResultItem {
  return rest;
}
