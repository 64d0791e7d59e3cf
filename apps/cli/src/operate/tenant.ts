import { DEFAULT_TENANT_WEIGHT, type TenantRules, type TenantRulesChange } from '@darkroom/contracts';
import { changeTenantRules } from '@darkroom/recovery';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import type { Operations } from './open-operations.ts';
import { LATER, recordOrReport, wordsOfRecording } from './record-or-report.ts';
import { withOperations } from './with-operations.ts';

type Lines = Pick<CommandContext, 'terminal' | 'answer'>;

const onOff = (rule: true | undefined): string => (rule === true ? 'on' : 'off');
const daysOf = (days: number | undefined): string => (days === undefined ? 'none' : `${days}`);

const wordsOf = ({ requireSafetyCheck, withholdFlagged, weight, retainRequestsDays, retainImagesDays }: TenantRules = {}): string =>
  [
    `require-safety-check ${onOff(requireSafetyCheck)}`,
    `withhold-flagged ${onOff(withholdFlagged)}`,
    `weight ${weight ?? DEFAULT_TENANT_WEIGHT}`,
    `retain-requests-days ${daysOf(retainRequestsDays)}`,
    `retain-images-days ${daysOf(retainImagesDays)}`,
  ].join(', ');

/** Shows the rules of a tenant, or changes the named ones. @returns the exit code: 0 only if S3 has the change. */
export const runTenant = (
  values: { dataDir: string | undefined; tenant: string; change: TenantRulesChange },
  context: CommandContext,
): Promise<ExitCode> =>
  withOperations(values, context, (operations) =>
    Object.keys(values.change).length === 0 ? showTenant(values.tenant, operations, context) : changeTenant(values, operations, context),
  );

const DAMAGED = 'the strictest hold, because the newest change in S3 is damaged; name all rules anew, the default ones too';

async function showTenant(tenant: string, { store }: Operations, { answer }: Lines): Promise<0> {
  const [found, restrictions] = await Promise.all([store.findTenantRules(tenant), store.findTenantRestrictions(tenant)]);
  const isDefault = found === undefined || (found.revision === 0 && restrictions.length === 0);
  answer({ tenant, rules: found?.rules ?? {}, revision: found?.revision ?? 0, recorded: restrictions.length === 0 }, [
    `tenant    "${tenant}": ${wordsOf(found?.rules)} (${found?.isDamaged === true ? DAMAGED : isDefault ? 'never changed' : wordsOfRecording(found.revision, restrictions)})`,
  ]);
  return 0;
}

async function changeTenant(
  { tenant, change }: { tenant: string; change: TenantRulesChange },
  { store, openBucket }: Operations,
  { terminal, answer }: Lines,
): Promise<0 | 1> {
  const hold = async (): Promise<string> => {
    const isRestricted = await store.restrictTenant(tenant, change);
    const rest = Object.values(change).every((value) => value === true) ? '' : '; all other changes hold only when S3 has them';
    return isRestricted
      ? `what is switched on holds in Redis at once${rest}; ${LATER}`
      : 'the rules stay as they are until S3 has the change; the same command can be run again';
  };
  return recordOrReport(openBucket, terminal, hold, async (archive) => {
    const changed = await changeTenantRules({ store, archive }, tenant, change);
    switch (changed.kind) {
      case 'changed':
        answer({ tenant, rules: changed.after, revision: changed.revision, recorded: true }, [
          `before    ${wordsOf(changed.before)}`,
          `tenant    "${tenant}": ${wordsOf(changed.after)} (revision ${changed.revision}, recorded in S3)`,
        ]);
        return 0;
      case 'unchanged':
        answer({ tenant, rules: changed.value, revision: changed.revision, recorded: true }, [
          `tenant    "${tenant}": ${wordsOf(changed.value)} (revision ${changed.revision}, recorded in S3), as before`,
        ]);
        return 0;
      case 'recovering':
        terminal.complain(
          `redis restarted, and a worker asks S3 for what Redis may have forgotten: no rule is switched off until then. They stay ${wordsOf(changed.before)}; run the command again in a few seconds`,
        );
        return 1;
      default:
        return changed satisfies never;
    }
  });
}
