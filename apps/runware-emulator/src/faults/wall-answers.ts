/** Answers of a gateway or proxy between a client and Runware, in place of Runware. */
export const wallAnswers = [
  'none',
  'html-401',
  'html-402',
  'html-403',
  'html-404',
  'html-502',
  'html-503',
  'html-200',
  'empty-403',
  'empty-404',
  'json-404',
  'json-403',
  'json-200',
  'redirect-302',
  'data-200',
  'wordless-200',
  'moderation-403',
  'account-403',
  'refusal-400',
  'reset',
] as const;
export type WallAnswer = (typeof wallAnswers)[number];
