// Checks the Dockerfile with the parser and the rules of the Dockerfile language server, because nothing here can build it.
import { readFileSync } from 'node:fs';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { isPinned } from './images.mjs';

/**
 * @param {string} file
 * @returns {string[]}
 */
export const dockerfileProblems = (file) => problemsOf(readFileSync(file, 'utf8'));

/**
 * @param {string} text
 * @returns {string[]}
 */
export function problemsOf(text) {
  const bySyntax = validate(text).map(
    ({ range, message }) => `line ${range.start.line + 1}: ${typeof message === 'string' ? message : message.value}`,
  );
  if (bySyntax.length > 0) return bySyntax;
  const dockerfile = DockerfileParser.parse(text);
  const stages = dockerfile.getFROMs();
  const instructions = dockerfile
    .getInstructions()
    .map((each) => ({ name: each.getInstruction(), text: each.getArgumentsContent() ?? '' }));
  const last = (/** @type {string} */ name) => instructions.findLast((each) => each.name === name)?.text;
  const built = /node scripts\/build-image\.mjs (\S+)/.exec(text)?.[1];
  /** @type {[boolean, string][]} */
  const rules = [
    [stages.length > 1, 'has only one stage: build tools must not ship'],
    ...stages.map(
      (stage) =>
        /** @type {[boolean, string]} */ ([
          isPinned(stage.getImage() ?? ''),
          `starts from "${stage.getImage()}", which is not a fixed version`,
        ]),
    ),
    [new Set(stages.map((stage) => stage.getImage())).size === 1, 'builds and runs on different bases: native packages fit only one'],
    [/^[1-9]\d*:[1-9]\d*$/.test(last('USER') ?? ''), 'does not end as a user with a number other than 0'],
    [/NODE_ENV=production/.test(last('ENV') ?? ''), 'does not run as production'],
    // In this form node is the first process and gets the signals. The other form puts a shell before it, which keeps them.
    [last('ENTRYPOINT') === '["node", "--enable-source-maps"]', 'must start node itself, in the form of a list'],
    [last('HEALTHCHECK') === undefined, 'has a HEALTHCHECK, which is the task of the orchestrator'],
    [
      built !== undefined && instructions.some((each) => each.name === 'COPY' && each.text.split(' ').includes(built)),
      'does not copy the folder that scripts/build-image.mjs wrote',
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}
