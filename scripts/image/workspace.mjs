// Finds the packages of the workspace that an app needs at run time.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ name: string, folder: string, needs: string[] }} Member A package or app; `folder` is relative to the root. */

/** Apps and packages that stay out of the image, each with its reason. */
export const notInImage = {
  'local-stack': 'it holds the embedded Redis and S3, which do not belong into production; `darkroom start` says so',
};

/**
 * Returns every app and package by name.
 * @param {string} root
 * @returns {Map<string, Member>}
 */
export function readWorkspace(root) {
  const folders = ['apps', 'packages'].flatMap((parent) => readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}`));
  const members = folders
    .filter((folder) => existsSync(path.join(root, folder, 'package.json')))
    .map((folder) => {
      const { name, dependencies = {} } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
      return { name, folder, needs: Object.keys(dependencies).filter((needed) => dependencies[needed].startsWith('workspace:')) };
    });
  return new Map(members.map((member) => [member.name, member]));
}

/**
 * Returns the apps that run as processes of their own, without those of `notInImage`.
 * @param {Map<string, Member>} workspace
 * @param {string} root
 */
export const imageApps = (workspace, root) =>
  [...workspace.values()].filter(
    ({ folder }) =>
      folder.startsWith('apps/') && !(path.basename(folder) in notInImage) && existsSync(path.join(root, folder, 'src', 'main.ts')),
  );

/**
 * Returns these members and everything that they need, each once, without those of `notInImage`.
 * @param {Map<string, Member>} workspace
 * @param {Member[]} members
 * @returns {Member[]}
 */
export function withNeeded(workspace, members) {
  const found = new Set(members);
  // A loop over a Set also visits members that are added meanwhile.
  for (const { name, needs } of found) {
    for (const needed of needs) {
      const member = workspace.get(needed);
      if (member === undefined) throw new Error(`"${name}" needs "${needed}", which is not a package of the workspace`);
      if (!(path.basename(member.folder) in notInImage)) found.add(member);
    }
  }
  return [...found];
}
