import { explainShortly, type Logger } from '@darkroom/service-runtime';

/** Hears of an endpoint or a notification that this notifier cannot read, and that it leaves out. */
export type TellUnreadable = (id: string, error: unknown) => void;

/** Each is named once by a process: its events may come by the thousand. */
const MOST_REMEMBERED = 1000;

/** Writes one line for each endpoint or notification that is left out. */
export function createTellUnreadable(logger: Pick<Logger, 'error'>): TellUnreadable {
  const told = new Set<string>();
  return (id, error) => {
    if (told.has(id)) return;
    if (told.size >= MOST_REMEMBERED) told.clear();
    told.add(id);
    logger.error(
      { event: 'notifications.unreadable', id, reason: explainShortly(error) },
      'redis holds a webhook endpoint or a notification that this version cannot read: it is left out, and others go on',
    );
  };
}
