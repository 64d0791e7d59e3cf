import { formatUsd, parseUsd } from '@darkroom/contracts';
import { totalUsd, type Bill } from '../bill.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import { namesOf } from '../validation/runware-error.ts';
import { answerWith, refuseWith, type Answer } from './answer.ts';

/** Answers `accountManagement` with the operation `getDetails` (Runware docs, platform/account-management): the balance is what the bill has left. */
export function accountDetails(raw: RawTask, { switches, bill }: { switches: Switchboard; bill: Bill }): Answer {
  const { balanceUsd, balanceHidden } = switches.current();
  if (raw['operation'] !== 'getDetails' || balanceHidden)
    return refuseWith(403, { code: 'permissionDenied', message: 'This key may not read the account.', ...namesOf(raw) });
  const left = parseUsd(balanceUsd) - parseUsd(totalUsd(bill.lines));
  const { taskUUID = '' } = namesOf(raw);
  return answerWith({
    taskType: 'accountManagement',
    taskUUID,
    operation: 'getDetails',
    organizationName: 'Darkroom emulator',
    balance: Number(formatUsd(left)),
    team: [],
    apiKeys: [],
  });
}
