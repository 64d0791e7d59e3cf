import type { WithheldImage } from '@darkroom/generation-store';
import type { CommandContext, ExitCode } from '../commands/command.ts';
import { agoOf } from './time-words.ts';
import { withOperations } from './with-operations.ts';

/** About one screen of lines. */
const SHOWN = 40;

/** Lists the withheld images. @returns the exit code: one that stays withheld is no trouble. */
export const runWithheld = (values: { dataDir: string | undefined }, context: CommandContext): Promise<ExitCode> =>
  withOperations(values, context, async ({ store }) => {
    const withheld = await store.readWithheld(SHOWN);
    context.answer(
      {
        count: withheld.count,
        oldest: withheld.oldest.map(({ ref: { generationId, index }, ...rest }) => ({ generationId, index, ...rest })),
      },
      describeWithheld(withheld, Date.now()),
    );
    return 0;
  });

/** Describes the withheld images, the oldest first. */
function describeWithheld({ count, oldest }: { count: number; oldest: readonly WithheldImage[] }, now: number): string[] {
  if (count === 0) return ['nothing is withheld'];
  const more = count - oldest.length;
  return [
    `${count} ${count === 1 ? 'image is' : 'images are'} withheld:`,
    ...oldest.map(
      ({ ref: { generationId, index }, tenant, since }) => `  ${generationId} ${index}  of "${tenant}", home ${agoOf(since, now)}`,
    ),
    ...(more > 0 ? [`  and ${more} more`] : []),
    'where one lies, and how it is released:',
    '  npm run darkroom -- release <generationId> <index>   (and --reason <text>)',
  ];
}
