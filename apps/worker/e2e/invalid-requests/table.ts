const prompt = { positivePrompt: 'a secret garden' };
const uuid = '39571168-687a-4aec-a253-df7be20bd0d4';
const url = 'https://example.org/1.jpg';
const references = (...referenceImages: unknown[]) => ({ ...prompt, inputs: { referenceImages } });

/** A request, the place of its problem, and the message about it. */
export type InvalidRequest = readonly [given: unknown, path: string, message: RegExp];

/** A request of each kind that the model's page does not allow, and a message that says what it allows. */
export const invalidRequests: readonly InvalidRequest[] = [
  // the request as a whole
  [null, '', /^must be an object$/],
  ['a cat', '', /^must be an object$/],
  [[prompt], '', /^must be an object$/],

  // taskType, model, taskUUID
  [{ ...prompt, taskType: 'videoInference' }, 'taskType', /^must be "imageInference" or left out$/],
  [{ ...prompt, model: 'xai:grok-imagine@video' }, 'model', /^must be "xai:grok-imagine@image" or left out$/],
  [{ ...prompt, taskUUID: 'order-7' }, 'taskUUID', /^must be a UUID v4$/],
  [{ ...prompt, taskUUID: '019c42a0-7c1e-7000-8000-000000000000' }, 'taskUUID', /^must be a UUID v4$/],
  [{ ...prompt, taskUUID: uuid, clientReference: uuid.replace('3', '4') }, 'clientReference', /^differs from taskUUID/],

  // positivePrompt
  [{}, 'positivePrompt', /^is required: must be a string of at least 1 character$/],
  [{ positivePrompt: '' }, 'positivePrompt', /^must be a string of at least 1 character$/],
  [{ positivePrompt: 7 }, 'positivePrompt', /^must be a string of at least 1 character$/],
  [{ positivePrompt: 'half a pair \ud83d' }, 'positivePrompt', /^must be well-formed Unicode/],

  [{ positivePrompt: 'half a pair \ude00 in the middle' }, 'positivePrompt', /^must be well-formed Unicode/],
  [{ positivePrompt: 'é'.repeat(131_073) }, 'positivePrompt', /^may take at most 262144 bytes in UTF-8$/],
  [{ positivePrompt: 'a'.repeat(1024 * 1024) }, 'positivePrompt', /^may take at most 262144 bytes in UTF-8$/],

  // outputType, outputFormat, outputQuality
  [{ ...prompt, outputType: 'base64' }, 'outputType', /^must be "URL", "base64Data" or "dataURI"$/],
  [{ ...prompt, outputFormat: 'JPEG' }, 'outputFormat', /^must be "JPG", "PNG" or "WEBP"$/],
  [{ ...prompt, outputFormat: 'jpg' }, 'outputFormat', /^must be "JPG", "PNG" or "WEBP"$/],
  [{ ...prompt, outputQuality: 19 }, 'outputQuality', /^must be a whole number from 20 to 99$/],
  [{ ...prompt, outputQuality: 100 }, 'outputQuality', /^must be a whole number from 20 to 99$/],
  [{ ...prompt, outputQuality: 90.5 }, 'outputQuality', /^must be a whole number from 20 to 99$/],
  [{ ...prompt, outputQuality: '95' }, 'outputQuality', /^must be a whole number from 20 to 99, not a string$/],

  // webhookURL, uploadEndpoint, deliveryMethod
  [{ ...prompt, webhookURL: url }, 'webhookURL', /^is set by Darkroom when it buys/],
  [{ ...prompt, uploadEndpoint: url }, 'uploadEndpoint', /^is set by Darkroom when it buys/],
  [{ ...prompt, deliveryMethod: 'stream' }, 'deliveryMethod', /^must be "sync" or "async"$/],

  // safety
  [{ ...prompt, safety: true }, 'safety', /^must be an object$/],
  [{ ...prompt, safety: { checkContent: 'yes' } }, 'safety.checkContent', /^must be true or false, not a string$/],
  [{ ...prompt, safety: { mode: 'full' } }, 'safety.mode', /^must be "none" or "fast"$/],
  [{ ...prompt, safety: { checkContent: true, mode: 'none' } }, 'safety.mode', /^contradicts safety\.checkContent/],
  [{ ...prompt, safety: { level: 1 } }, 'safety.level', /^is not a parameter of this model/],

  // ttl, includeCost, numberResults
  [{ ...prompt, ttl: 59 }, 'ttl', /^must be a whole number of at least 60$/],
  [{ ...prompt, ttl: 60.5 }, 'ttl', /^must be a whole number of at least 60$/],
  [{ ...prompt, ttl: 3600, outputType: 'dataURI' }, 'ttl', /^only applies when outputType is "URL"$/],
  [{ ...prompt, includeCost: 1 }, 'includeCost', /^must be true or false$/],
  [{ ...prompt, numberResults: 0 }, 'numberResults', /^must be a whole number from 1 to 20$/],
  [{ ...prompt, numberResults: 21 }, 'numberResults', /^must be a whole number from 1 to 20$/],
  [{ ...prompt, numberResults: 1.5 }, 'numberResults', /^must be a whole number from 1 to 20$/],

  // width, height, resolution
  [{ ...prompt, width: 1024 }, 'height', /^must be given together with width$/],
  [{ ...prompt, height: 1024 }, 'width', /^must be given together with height$/],
  [{ ...prompt, width: 1000, height: 1000 }, 'width', /^width and height must be one of the sizes 1024x1024, 896x1280, .*1408x704$/],
  [{ ...prompt, width: 1280, height: 1280 }, 'width', /^width and height must be one of the sizes/],
  [{ ...prompt, width: '1024', height: 1024 }, 'width', /^must be a whole number, not a string$/],
  [{ ...prompt, width: 1024, height: 1024, resolution: '1K' }, 'resolution', /^cannot be used with width and height/],
  [{ ...prompt, resolution: '2K' }, 'resolution', /^must be "1K"$/],

  // inputs.referenceImages
  [{ ...prompt, inputs: [url] }, 'inputs', /^must be an object$/],
  [{ ...prompt, inputs: { referenceImages: url } }, 'inputs.referenceImages', /^must be an array of strings$/],
  [references(7), 'inputs.referenceImages[0]', /^must be the UUID of an image at Runware, an http\(s\) URL, an image/],
  [references('cat.png'), 'inputs.referenceImages[0]', /putReferenceImage/],
  [references('data:text/html;base64,PGI+'), 'inputs.referenceImages[0]', /^must be the UUID of an image at Runware/],
  [references('darkroom:images/1'), 'inputs.referenceImages[0]', /^must be the UUID of an image at Runware/],
  [references('http://127.0.0.1:6379/'), 'inputs.referenceImages[0]', /^must lead to the public internet/],
  [references('http://169.254.169.254/latest/meta-data/'), 'inputs.referenceImages[0]', /^must lead to the public internet/],
  [references('http://[fd00:ec2::254]/'), 'inputs.referenceImages[0]', /^must lead to the public internet/],
  [references('http://redis:6379/'), 'inputs.referenceImages[0]', /^must name a host of the public internet/],
  [references('http://010.8.8.8/'), 'inputs.referenceImages[0]', /^must write an IP address in its usual notation/],
  [references('https://me:hunter2@example.org/'), 'inputs.referenceImages[0]', /^must carry no user name or password/],
  [references('https://example.org\\@127.0.0.1/'), 'inputs.referenceImages[0]', /^must hold no backslash/],
  [references(`https://example.org/${'a'.repeat(8192)}`), 'inputs.referenceImages[0]', /^must have at most 8192 characters$/],
  [references(url, url), 'inputs.referenceImages', /^may hold at most 1/],
  [references('A'.repeat(262_148)), 'inputs.referenceImages', /^inline images may take at most 262144 bytes together; .*putReferenceImage/],
  [{ ...prompt, inputs: { referenceImage: url } }, 'inputs.referenceImage', /did you mean "inputs\.referenceImages"/],

  // parameters that this model does not have
  [{ ...prompt, seed: 42 }, 'seed', /^this model has no seed/],
  [{ ...prompt, negativePrompt: 'blur' }, 'negativePrompt', /^this model has no negativePrompt$/],
  [{ ...prompt, steps: 30 }, 'steps', /^this model has no steps$/],
  [{ ...prompt, CFGScale: 7 }, 'CFGScale', /^this model has no CFGScale$/],
  [{ ...prompt, checkNSFW: true }, 'checkNSFW', /did you mean "safety\.checkContent"/],
  [{ ...prompt, heigth: 1024 }, 'heigth', /did you mean "height"/],
  [{ ...prompt, 'safety.mode': 'fast' }, 'safety.mode', /a name with a dot is written as an object in an object$/],
];
