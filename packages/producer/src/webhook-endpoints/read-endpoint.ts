import {
  defined,
  descriptionProblems,
  notificationTypesProblems,
  readOptions,
  resolveHost,
  webhookUrlProblems,
  type HostRules,
  type ProblemList,
} from '@darkroom/contracts';
import type { WebhookEndpointChange } from './webhook-endpoints.ts';

const createNames = ['url', 'events', 'description'] as const satisfies readonly (keyof WebhookEndpointChange)[];
const updateNames = [...createNames, 'enabled'] as const satisfies readonly (keyof WebhookEndpointChange)[];

/** Reads the options of a call about an endpoint, and appends their problems. @param isNew True if an address is needed. */
export function readEndpoint(
  given: object,
  isNew: boolean,
  { allowLoopback }: Pick<HostRules, 'allowLoopback'>,
  problems: ProblemList,
): WebhookEndpointChange | undefined {
  const options = readOptions(
    given as WebhookEndpointChange,
    { path: 'endpoint', known: isNew ? createNames : updateNames, otherNames },
    problems,
  );
  if (options === undefined) return undefined;
  const { url, events, description, enabled } = options;
  if (isNew || url !== undefined) problems.push(...webhookUrlProblems('endpoint.url', url, { allowLoopback }));
  if (events !== undefined) problems.push(...notificationTypesProblems('endpoint.events', events));
  if (description !== undefined) problems.push(...descriptionProblems('endpoint.description', description));
  if (enabled !== undefined && typeof enabled !== 'boolean') problems.push({ path: 'endpoint.enabled', message: 'must be true or false' });
  // The caller could change its list during the call.
  return defined({ url, description, enabled, events: Array.isArray(events) ? [...events] : undefined });
}

const otherNames = {
  enabled_events: 'events',
  types: 'events',
  eventtypes: 'events',
  disabled: 'enabled',
  address: 'url',
  filtertypes: 'events',
};

const RESOLVED_WITHIN_MS = 5000;

/** Appends a problem if the host of an address leads elsewhere than to the public internet, or nowhere. Looks before anything is kept. */
export async function checkHost(url: string, rules: HostRules, problems: ProblemList): Promise<void> {
  try {
    await resolveHost(new URL(url).hostname, rules, AbortSignal.timeout(RESOLVED_WITHIN_MS));
  } catch (error) {
    const isElsewhere = error instanceof Error && 'code' in error && error.code === 'ADDRESS_NOT_PUBLIC';
    problems.push({
      path: 'endpoint.url',
      message: isElsewhere ? 'has a host that leads elsewhere than to the public internet' : 'has a host that cannot be resolved',
    });
  }
}
