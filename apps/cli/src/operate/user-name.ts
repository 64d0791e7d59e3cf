import { userInfo } from 'node:os';
import { MAX_OPERATOR_NAME } from '@darkroom/contracts';

/** Returns the name of the user of this machine; undefined for a user without one, as in many containers. */
export function findUserName(): string | undefined {
  try {
    return userInfo().username.slice(0, MAX_OPERATOR_NAME) || undefined;
  } catch {
    return undefined;
  }
}
