// What the processes that a task starts get to see of the environment.

/** @typedef {Record<string, string | undefined>} Environment */

/** Tools that would phone home, look for updates or warn about a Node version that the pins were chosen for. */
const quiet = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

/** npm hands its own settings down to what it starts, and other tools would take them for theirs. */
const fromNpm = /^npm_(config|package|lifecycle|node|execpath|command)/i;

/** The environment of every tool and app. @param {Environment} env @returns {Environment} */
export const toolEnvironment = (env) => ({ ...without(env, fromNpm), ...quiet });

/** Every name that our apps, or the AWS SDK, read an address, a key or a behaviour from. */
const ours =
  /^(REDIS_URL$|S3_|RUNWARE_|WEBHOOK_|AWS_|DARKROOM_|TIMING_|LOG_|WORKER_|EMULATOR_|DASHBOARD_|FAULTS$|(TENANT_)?(DAILY|MONTHLY)_CAP_USD$|HOST$|PORT$)/i;

/** The environment of tests: nothing in the caller's can make a test leave loopback or act differently. @param {Environment} env @returns {Environment} */
export const testEnvironment = (env) => ({
  ...without(toolEnvironment(env), ours),
  ...quiet,
  // Without these the AWS SDK's default chain reads the home folder, then asks the metadata address of a cloud machine.
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** @param {Environment} env @param {RegExp} names @returns {Environment} */
const without = (env, names) => Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
