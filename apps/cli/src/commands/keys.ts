import { apiScopes, defined, findApiKeyNameProblem, isApiKeyId, type ApiScope } from '@darkroom/contracts';
import type { KeyOrder } from '../operate/keys.ts';
import { defineCommand, findingOptions } from './command.ts';
import { option, optionOr, WrongValue, type Reader } from './input.ts';
import { readTenant } from './read-value.ts';

const usualScopes: ApiScope[] = ['read', 'write'];

const readName: Reader<string> = (text, name) => {
  const problem = findApiKeyNameProblem(text);
  if (problem !== undefined) throw new WrongValue(`${name} ${problem}`);
  return text;
};

const readScopes: Reader<ApiScope[]> = (text, name) => {
  const named = text.split(',');
  const chosen = apiScopes.filter((scope) => named.includes(scope));
  if (chosen.length !== new Set(named).size)
    throw new WrongValue(`${name} must be some of ${apiScopes.join(',')}, with commas between them`);
  return chosen;
};

const readEnvironment: Reader<string> = (text, name) => {
  if (!/^[a-z][a-z0-9]{0,15}$/.test(text)) throw new WrongValue(`${name} must be a word of at most 16 lower-case letters and digits`);
  return text;
};

const readKeyId: Reader<string> = (text, name) => {
  if (!isApiKeyId(text)) throw new WrongValue(`${name} must be the id of a key as keys lists it: 8 letters and digits`);
  return text;
};

export const keysCommand = defineCommand({
  name: 'keys',
  group: 'Operation',
  summary: 'lists the keys of the HTTP API, creates one, or revokes one',
  details: ['The text of a new key is printed once, when S3 has the key. A revoked key opens nothing from the next request on.'],
  options: {
    create: option('name', 'creates a key; the name says in a list what it is for', readName),
    tenant: option('name', 'tenant of the new key; default when absent', readTenant),
    scopes: option('list', 'what the new key may: read,write,erase; read,write when absent', readScopes),
    environment: optionOr('live', 'word', 'second part of its text, dk_<word>_…; live when absent', readEnvironment),
    revoke: option('id', 'ends a key', readKeyId),
    ...findingOptions,
  },
  examples: [
    ['darkroom keys', 'lists all keys'],
    ['darkroom keys --create shop --tenant acme --scopes read,write', 'makes a key of the tenant acme'],
    ['darkroom keys --revoke 4fQ2mWzA', 'ends a key'],
  ],
  check: ({ create, revoke, tenant, scopes }) => [
    ...(create !== undefined && revoke !== undefined ? ['keys takes --create or --revoke, not both'] : []),
    ...(create === undefined && (tenant !== undefined || scopes !== undefined)
      ? ['--tenant and --scopes are taken with --create alone']
      : []),
  ],
  run: async ({ dataDir, create, tenant = 'default', scopes = usualScopes, environment, revoke }, context) => {
    const order: KeyOrder | undefined = create === undefined ? undefined : { name: create, tenant, scopes, environment };
    return (await import('../operate/keys.ts')).runKeys({ dataDir, ...defined({ create: order, revoke }) }, context);
  },
});
