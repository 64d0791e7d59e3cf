// Builds the list of packages of an image (SBOM) in the form of CycloneDX, with its own library. `npm sbom` cannot: it names the development
// dependencies, which the folder does not hold, as missing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Enums, Models, Serialize, SPDX, Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { parse } from 'yaml';
import { listPackages } from './list-packages.mjs';

const specification = Spec.Spec1dot6;

/**
 * @param {string} image
 * @returns {Promise<string>} The same text for the same folder: it holds neither a time nor a random number.
 * @throws {Error} If the list breaks the schema of CycloneDX.
 */
export async function renderSbom(image) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(image, 'package.json'), 'utf8'));
  const integrities = readIntegrities(path.join(image, 'pnpm-lock.yaml'));
  const packages = listPackages(image);
  const components = new Map(packages.map((each) => [each.folder, componentOf(each, integrities)]));
  for (const { folder, needs } of packages) {
    for (const needed of needs) {
      const component = components.get(needed);
      if (component !== undefined) components.get(folder)?.dependencies.add(component.bomRef);
    }
  }
  const root = new Models.Component(Enums.ComponentType.Container, name, { version, bomRef: name, licenses: licencesOf(license) });
  for (const { folder } of packages.filter(({ isOurs }) => isOurs)) {
    const component = components.get(folder);
    if (component !== undefined) root.dependencies.add(component.bomRef);
  }
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: root }) });
  for (const component of components.values()) bom.components.add(component);

  const options = { sortLists: true, space: 2 };
  const text = `${new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(specification)).serialize(bom, options)}\n`;
  const problem = await new Validation.JsonStrictValidator(specification.version).validate(text);
  if (problem !== null) throw new Error(`the list of packages is not valid CycloneDX ${specification.version}: ${JSON.stringify(problem)}`);
  return text;
}

/**
 * @param {import('./list-packages.mjs').Installed} installed
 * @param {Map<string, string>} integrities
 */
function componentOf({ name, version, license, isOurs }, integrities) {
  const slash = name.startsWith('@') ? name.indexOf('/') : -1;
  const component = new Models.Component(isOurs ? Enums.ComponentType.Application : Enums.ComponentType.Library, name.slice(slash + 1), {
    version,
    bomRef: `${name}@${version}`,
    licenses: licencesOf(license),
  });
  if (slash > 0) component.group = name.slice(0, slash);
  // Ours are on no registry.
  if (isOurs) return component;
  component.purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [algorithm, digest = ''] = (integrities.get(`${name}@${version}`) ?? '').split('-');
  if (algorithm === 'sha512') component.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(digest, 'base64').toString('hex'));
  return component;
}

/** @param {string | undefined} license An SPDX id or expression. */
function licencesOf(license) {
  const licences = new Models.LicenseRepository();
  if (license === undefined) return licences;
  const id = SPDX.fixupSpdxId(license);
  if (id !== undefined) licences.add(new Models.SpdxLicense(id));
  else licences.add(/ (OR|AND|WITH) /.test(license) ? new Models.LicenseExpression(license) : new Models.NamedLicense(license));
  return licences;
}

/**
 * Returns the checksums that the lockfile pins, by name and version.
 * @param {string} lockfile
 * @returns {Map<string, string>}
 */
function readIntegrities(lockfile) {
  const { packages } = parse(readFileSync(lockfile, 'utf8'));
  return new Map(Object.entries(packages).map(([id, { resolution }]) => [id, String(resolution?.integrity ?? '')]));
}
