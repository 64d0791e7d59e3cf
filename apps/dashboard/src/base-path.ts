import { text } from '@darkroom/service-runtime';
import { z } from 'zod';

const allowed = 'a path such as /ops/darkroom, of letters, digits, "-", "_", "." and "~" between slashes';
const PATH = /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)*\/?$/;

/** `DASHBOARD_PATH`: the path under which a proxy offers the dashboard, without a slash at its end; '' at the root. */
export const pathSettings = z
  .object({
    DASHBOARD_PATH: text(allowed)
      .regex(PATH, { error: `must be ${allowed}` })
      .default('/'),
  })
  .transform((env) => env.DASHBOARD_PATH.replace(/\/$/, ''));

/** Removes the path of the proxy from an address, unless the proxy has removed it itself. */
export const withoutBasePath = (basePath: string, url: string): string => {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
};
