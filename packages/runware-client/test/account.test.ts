import { expect, test } from 'vitest';
import { answerJson, answerText, type Script } from './scripted-provider.ts';
import { setup, taskUUID as anyTask } from './world.ts';

const empty = answerJson(200, { data: [] });
const refusal = (code: string, given: object = {}): object => ({ errors: [{ code, message: 'x', taskUUID: anyTask, ...given }] });

/** Answers the free question, the dry run, and the question about the task of that dry run. */
const answers =
  (question: Script, dryRun: Script, known: Script = empty): Script =>
  (request, response) => {
    const [task] = request.body as { taskType: string }[]; // our own requests
    const isDry = request.headers['x-runware-dry-run'] === '1';
    if (isDry) wasDry = true;
    (task?.taskType === 'imageInference' ? dryRun : wasDry ? known : question)(request, response);
  };
let wasDry = false;

/** The answer to the dry run, about its own task. */
const priced: Script = (request, response) => {
  const [task] = request.body as { taskUUID: string }[];
  answerJson(200, { data: [{ taskType: 'imageInference', taskUUID: task?.taskUUID, cost: 0.02 }] })(request, response);
};
const refused =
  (status: number, code: string): Script =>
  (request, response) => {
    const [task] = request.body as { taskUUID: string }[];
    answerJson(status, refusal(code, { taskUUID: task?.taskUUID }))(request, response);
  };
const knows =
  (status: string): Script =>
  (request, response) => {
    const [task] = request.body as { taskUUID: string }[];
    answerJson(200, { data: [{ taskType: 'imageInference', taskUUID: task?.taskUUID, status }] })(request, response);
  };
const withImage: Script = (request, response) => {
  const [task] = request.body as { taskUUID: string }[];
  answerJson(200, { data: [{ taskUUID: task?.taskUUID, imageURL: 'https://im.runware.ai/1.jpg' }] })(request, response);
};

test.each<[string, Script, object]>([
  ['a dry run that is priced', answers(empty, priced), { kind: 'open', wasCharged: false }],
  ['an unknown task reported as an error', answers(answerJson(404, refusal('taskNotFound')), priced), { kind: 'open' }],
  ['a wrong key', answers(answerJson(401, refusal('invalidApiKey', { taskUUID: undefined })), priced), { kind: 'account', canAsk: false }],
  ['an empty balance', answers(empty, refused(402, 'insufficientCredits')), { kind: 'account', canAsk: true, fault: { class: 'quota' } }],
  ['a missing permission', answers(empty, refused(403, 'permissionDenied')), { kind: 'account', fault: { class: 'auth' } }],
  ['a model that is gone', answers(empty, refused(400, 'invalidModel')), { kind: 'refusing', fault: { code: 'invalidModel' } }],
  ['a page at the address', answers(answerText(404, '<html>'), priced), { kind: 'foreign', fault: { code: 'HTTP_404' } }],
  ['JSON of another host', answers(answerJson(404, { errors: [{ code: 'notFound', message: 'x' }] }), priced), { kind: 'foreign' }],
  ['a greeting of another host', answers(answerJson(200, { status: 'ok' }), priced), { kind: 'foreign' }],
  ['data of another host', answers(answerJson(200, { data: [{ id: 1 }] }), priced), { kind: 'foreign' }],
  ['a dry run without a word', answers(empty, empty), { kind: 'open', wasTried: true }],
  ['a login page', answers(answerText(200, '<html>'), priced), { kind: 'foreign' }],
  ['a redirect', answers(answerText(302, '', { location: '/login' }), priced), { kind: 'foreign' }],
  ['a firewall that looks at purchases', answers(empty, answerText(403, '<html>')), { kind: 'foreign', fault: { code: 'HTTP_403' } }],
  ['an overloaded provider', answers(answerJson(503, refusal('serviceUnavailable')), priced), { kind: 'inconclusive' }],
  ['no answer', answers((_request, response) => response.destroy(), priced), { kind: 'inconclusive' }],
  ['an image: the dry run was a purchase', answers(empty, withImage), { kind: 'open', wasCharged: true }],
  ['a task known afterwards: it was a purchase', answers(empty, priced, knows('processing')), { kind: 'open', wasCharged: true }],
])('account check: %s', async (_, script, expected) => {
  wasDry = false;
  await using world = await setup(script);
  expect(await world.client.checkAccount({ dryRun: true })).toMatchObject(expected);
});

test('without a dry run sends no request that could be charged', async () => {
  wasDry = false;
  await using world = await setup(answers(empty, priced));
  expect(await world.client.checkAccount({ dryRun: false })).toEqual({ kind: 'open', canAsk: true, wasCharged: false, wasTried: false });
  expect(world.provider.seen.map(({ body }) => (body as { taskType: string }[])[0]?.taskType)).toEqual(['getResponse']);
});

test('a slash at the end of the address makes no difference', async () => {
  await using world = await setup();
  await using other = await setup(empty, { url: `${world.provider.url}/v1/` });
  await other.client.lookUp(anyTask);
  expect(world.provider.seen.map(({ path }) => path)).toEqual(['/v1']);
});
