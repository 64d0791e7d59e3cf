import { describeGiven, describeKind } from '../given.ts';
import { readBoolean, readChoice, readInteger, readUuidV4, type Reading } from '../reading.ts';
import { parameters } from './page.ts';
import type { Geometry, GrokImagineRequest, OutputType } from './request.ts';
import { findSize, sizes } from './sizes.ts';
import { ownedParameters } from './unknown-parameters.ts';

/** The page's rules about several parameters. Each function reads its parameters and appends their problems. */

/**
 * "Either provide `inputs.referenceImages`, or specify `width/height` or `resolution`"; "`resolution` cannot be used with
 * `width/height`"; "`width` and `height` must be used together". With none of the three, `resolution` has its default.
 */
export function readGeometry(reading: Reading, hasReferenceImages: boolean): Geometry {
  const { fields, problems } = reading;
  const width = readInteger(reading, 'width', parameters.width);
  const height = readInteger(reading, 'height', parameters.height);
  const resolution = readChoice(reading, 'resolution', parameters.resolution);
  const hasWidth = fields.has('width');
  const hasHeight = fields.has('height');
  if (hasWidth && !hasHeight) problems.push({ path: 'height', message: 'must be given together with width', given: 'nothing' });
  if (hasHeight && !hasWidth) problems.push({ path: 'width', message: 'must be given together with height', given: 'nothing' });
  if (fields.has('resolution') && (hasWidth || hasHeight)) {
    problems.push({
      path: 'resolution',
      message: 'cannot be used with width and height; give one or the other',
      given: describeGiven(fields.get('resolution')),
    });
  }
  if (width !== undefined && height !== undefined) {
    const size = findSize(width, height);
    if (size !== undefined) return size;
    const allowed = sizes.map((supported) => `${supported.width}x${supported.height}`).join(', ');
    problems.push({ path: 'width', message: `width and height must be one of the sizes ${allowed}`, given: `${width}x${height}` });
  }
  if (resolution !== undefined) return { resolution };
  return hasReferenceImages ? {} : { resolution: parameters.resolution.default };
}

/** "Only applies when `outputType` is `URL`": with another type the caller would wait for a deletion that never comes. */
export function readTtl(reading: Reading, outputType: OutputType): number | undefined {
  const ttl = readInteger(reading, 'ttl', parameters.ttl);
  if (reading.fields.has('ttl') && outputType !== 'URL') {
    reading.problems.push({
      path: 'ttl',
      message: 'only applies when outputType is "URL"',
      given: `a ttl with outputType "${outputType}"`,
    });
  }
  return ttl;
}

/**
 * "When enabled, defaults to `fast` mode"; mode `none` "disables checking", `fast` "performs a single check". So both fields
 * mean the same and either is enough. If one turns off what the other turns on, the page does not say which wins. Such a request is
 * refused, because the content check of a paid image cannot be repeated.
 */
export function readSafety(reading: Reading): GrokImagineRequest['safety'] {
  const checkContent = readBoolean(reading, 'safety.checkContent');
  const mode = readChoice(reading, 'safety.mode', parameters['safety.mode']);
  if (checkContent !== undefined && mode !== undefined && checkContent !== (mode === 'fast')) {
    reading.problems.push({
      path: 'safety.mode',
      message: `contradicts safety.checkContent; allowed are true with "fast", false with "none", or one of the two alone`,
      given: `"${mode}" with ${checkContent}`,
    });
  }
  return (checkContent ?? mode === 'fast') ? { checkContent: true, mode: 'fast' } : { checkContent: false, mode: 'none' };
}

/** Reads the caller's `taskUUID` as a reference for the caller alone: each purchase gets its own id. */
export function readClientReference(reading: Reading): string | undefined {
  const taskUUID = readUuidV4(reading, 'taskUUID');
  const clientReference = readUuidV4(reading, 'clientReference');
  if (taskUUID !== undefined && clientReference !== undefined && taskUUID !== clientReference) {
    reading.problems.push({ path: 'clientReference', message: 'differs from taskUUID; give one of them', given: `"${clientReference}"` });
  }
  return taskUUID ?? clientReference;
}

/**
 * Refuses the two addresses that Darkroom sets in every purchase, to learn of the end and to receive the image: the caller's would
 * replace them.
 */
export function refuseOwnedParameters({ fields, problems }: Reading): void {
  for (const path of ownedParameters) {
    if (!fields.has(path)) continue;
    problems.push({
      path,
      message:
        path === 'webhookURL'
          ? 'is set by Darkroom when it buys, leave it out; the option webhookURL of the enqueue names a receiver of notifications'
          : `is set by Darkroom when it buys; a caller's own is not supported, leave it out`,
      given: describeKind(fields.get(path)),
    });
  }
}
