// Which packages of the workspace an app needs when it runs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ name: string, folder: string, needs: string[] }} Member A package or app; `folder` is relative to the root. */

/** Apps and packages that stay out of the image, each with its reason. */
export const notInImage = {
  'local-stack': 'it is the embedded Redis and S3, which have no place in production; `darkroom start` says so',
};

/**
 * Every app and package by name.
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
 * The apps that run as processes of their own, less those of `notInImage`.
 * @param {Map<string, Member>} workspace
 * @param {string} root
 */
export const imageApps = (workspace, root) =>
  [...workspace.values()].filter(
    ({ folder }) =>
      folder.startsWith('apps/') && !(path.basename(folder) in notInImage) && existsSync(path.join(root, folder, 'src', 'main.ts')),
  );

/**
 * These members and all that they need, each once, less those of `notInImage`.
 * @param {Map<string, Member>} workspace
 * @param {Member[]} members
 * @returns {Member[]}
 */
export function withNeeded(workspace, members) {
  const found = new Set(members);
  // A Set hands out what is added while it is walked.
  for (const { name, needs } of found) {
    for (const needed of needs) {
      const member = workspace.get(needed);
      if (member === undefined) throw new Error(`"${name}" needs "${needed}", which is no package of the workspace`);
      if (!(path.basename(member.folder) in notInImage)) found.add(member);
    }
  }
  return [...found];
}
