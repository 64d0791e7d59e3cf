// Renders the parts of README.md and docs/ that come from the code, so that they cannot differ from it.

/** @typedef {Readonly<Record<string, readonly string[]>>} Moves A status table: each status, and those that may follow it. */
/**
 * @typedef {object} Facts
 * @property {Readonly<Record<string, string>>} errorCodes
 * @property {Moves} submissionMoves
 * @property {Moves} imageMoves
 * @property {Moves} generationMoves
 * @property {string} firstJob Source of the first example.
 * @property {string} ownApi Source of the example with an API of its own.
 * @property {Readonly<Record<string, Rights>>} redisRights
 * @property {string} commandLine Commands of the command line, as a page.
 */
/**
 * @typedef {object} Rights Commands, channels and keys of a process in Redis.
 * @property {readonly string[]} commands
 * @property {readonly string[]} channels
 * @property {readonly { commands: readonly string[], keys: readonly string[] }[]} grants
 */

/** Files with generated parts, from the root. */
export const documents = ['README.md', 'docs/architecture.md', 'docs/command-line.md', 'docs/errors.md', 'docs/operations/redis-rights.md'];

/**
 * Renders every part.
 * @param {Facts} facts
 * @returns {Record<string, string>} Markdown by the name of the part.
 */
export function renderParts({ errorCodes, submissionMoves, imageMoves, generationMoves, firstJob, ownApi, redisRights, commandLine }) {
  return {
    'error codes': renderErrorCodes(errorCodes),
    'submission statuses': renderStatuses(submissionMoves),
    'image statuses': renderStatuses(imageMoves),
    'generation statuses': renderStatuses(generationMoves),
    'command line': commandLine,
    'redis rights': Object.entries(redisRights).map(renderRights).join('\n\n'),
    'first job': `\`\`\`js\n${firstJob.trimEnd()}\n\`\`\``,
    'own api': `\`\`\`js\n${/^app\.post[^]+?(?=\n\napp\.delete)/m.exec(ownApi)?.[0] ?? ''}\n\`\`\``,
  };
}

/** @param {Facts['errorCodes']} errorCodes */
function renderErrorCodes(errorCodes) {
  const rows = Object.entries(errorCodes).map(([code, happened]) => `| \`${code}\` | ${happened} |`);
  return ['| code | what happened |', '|---|---|', ...rows].join('\n');
}

/** @param {[string, Rights]} entry */
function renderRights([process, { commands, channels, grants }]) {
  const rows = grants.map(({ commands: each, keys }) => `| ${keys.map((key) => `\`…:${key}\``).join(', ')} | ${each.join(', ')} |`);
  return [
    `### ${process}`,
    '',
    `Without a key: ${commands.join(', ')}. Channels: ${channels.map((channel) => `\`…:${channel}\``).join(', ')}.`,
    '',
    '| keys | commands |',
    '|---|---|',
    ...rows,
  ].join('\n');
}

/**
 * Renders the file of Redis users: a line for each process.
 * @template {string} Process
 * @param {{ redisProcesses: readonly Process[], aclLineOf: (process: Process, prefix: string) => string, DEFAULT_PREFIX: string }} store
 */
export const renderAclFile = ({ redisProcesses, aclLineOf, DEFAULT_PREFIX }) =>
  redisProcesses.map((process) => `${aclLineOf(process, DEFAULT_PREFIX)}\n`).join('');

/**
 * Renders a state diagram for Mermaid; the first status of a table is the start.
 * @param {Moves} moves
 */
function renderStatuses(moves) {
  const arrows = Object.entries(moves).flatMap(([from, following]) => following.map((to) => `  ${from} --> ${to}`));
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${Object.keys(moves)[0]}`, ...arrows, '```'].join('\n');
}

/**
 * Replaces the text between `<!-- generated: <name> -->` and `<!-- end -->`.
 * @param {string} text
 * @param {Record<string, string>} parts
 */
export function fillParts(text, parts) {
  return text.replace(/<!-- generated: (.+?) -->\n[\s\S]*?<!-- end -->/g, (_, /** @type {string} */ name) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`there is no generated part "${name}"; there are: ${Object.keys(parts).join(', ')}`);
    return `<!-- generated: ${name} -->\n\n${part}\n\n<!-- end -->`;
  });
}
