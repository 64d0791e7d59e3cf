/**
 * Words with which a provider explains an error. Only these words of a message are kept: anything else that it repeats, in any encoding,
 * is not on the list.
 */
const WORDS = new Set(
  `a an the this that it its is are was were be been has have had does did do can cannot could may must should will not no nor
  of to for in on and or with without by from at as than per each any all only one two more less most least too many few
  between above below maximum minimum max min exactly up first last before after already again later still yet now
  invalid valid value values parameter parameters field fields unsupported supported supports required requires missing unknown
  unexpected expected format formats type string integer number array object boolean null empty
  image images url uri uuid base64 data http https size sizes width height dimensions pixels bytes characters length megabytes
  prompt prompts reference references request requests response responses result results task tasks
  used unique duplicate exists exist exceeded exceeds exceed limit limits rate long large small short wait try retry seconds
  minutes provider returned return respond responded time timeout timed out error errors failed failure fail internal server
  service unavailable found allowed policy content violation violates moderation safety refused rejected blocked flagged denied
  permission key api authentication authorization unauthorized forbidden account balance credit credits insufficient quota
  payment model models version page please check documentation see use using provide provided specify specified given following
  range multiple step ratio aspect resolution quality output input upload webhook endpoint accepted processing queue queued
  canceled cancelled expired download downloaded fetch fetched decode decoded corrupt jpg jpeg png webp status code
  taskUUID taskType positivePrompt negativePrompt numberResults outputType outputFormat outputQuality deliveryMethod
  uploadEndpoint webhookURL includeCost checkContent checkNSFW ttl seed inputs referenceImages imageUUID imageURL
  imageInference getResponse getTaskDetails`
    .toLowerCase()
    .split(/\s+/),
);

/** With one of these words, a number may be the account's balance. */
const OF_MONEY = /balance|credit|quota|payment|[$€£]|\b(?:usd|eur|dollars?)\b/i;
const MAX_NUMBERS = 4;
const MAX_WORDS = 60;
/** Limit of the examined part of a message. */
const MAX_SEEN = 4000;

/** Filters a message word by word. @param isHidden Returns true for a word of a hidden text, such as the prompt. */
export function keepPlainWords(message: string, isHidden: (word: string) => boolean): string {
  const seen = message.slice(0, MAX_SEEN);
  let numbersLeft = OF_MONEY.test(seen) ? 0 : MAX_NUMBERS;
  const keep = (piece: string): string => {
    if (/^[.,:;'"()\s]+$/.test(piece)) return piece;
    if (/^\d{1,6}$/.test(piece)) {
      numbersLeft -= 1;
      return numbersLeft >= 0 && !isHidden(piece) ? piece : '…';
    }
    return WORDS.has(piece.toLowerCase()) && !isHidden(piece) ? piece : '…';
  };
  // A piece is a word with everything attached to it, so that no part of an encoded text counts as a word.
  const pieces = seen.match(/[^.,:;'"()\s]+|[.,:;'"()]+|\s+/g) ?? [];
  return pieces
    .slice(0, 2 * MAX_WORDS)
    .map(keep)
    .join('')
    .replace(/…(?:[.,:;'"()\s]*…)+/g, '…');
}
