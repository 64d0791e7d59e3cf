// Filters the environment of the processes that a task starts.

/** @typedef {Record<string, string | undefined>} Environment */

/** Stops tools from sending telemetry, looking for updates, or warning about the pinned Node version. */
const quiet = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

/** npm passes its own settings to the processes it starts, and other tools would take them for theirs. */
const fromNpm = /^npm_(config|package|lifecycle|node|execpath|command)/i;

/** Names from which our apps or the AWS SDK read an address, a key or a behaviour. */
const ours =
  /^(REDIS_URL$|S3_|RUNWARE_|WEBHOOK_|AWS_|DARKROOM_|TIMING_|LOG_|WORKER_|EMULATOR_|DASHBOARD_|FAULTS$|(TENANT_)?(DAILY|MONTHLY)_CAP_USD$|HOST$|PORT$)/i;

/** Without these the AWS SDK reads the home folder, then asks the metadata address of a cloud machine. */
const withoutCloud = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' };

/** @param {Environment} env @param {RegExp} names @returns {Environment} */
const without = (env, names) => Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));

/** Returns the environment of every tool and app. @param {Environment} env @returns {Environment} */
export const toolEnvironment = (env) => ({ ...without(env, fromNpm), ...quiet });

/** Returns the environment of tests, without settings that change where they connect or how they behave. @param {Environment} env @returns {Environment} */
export const testEnvironment = (env) => ({ ...without(without(env, fromNpm), ours), ...quiet, ...withoutCloud });
