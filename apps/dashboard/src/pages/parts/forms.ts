import { html, type Html } from './html.ts';

/** Asks for the reason of an act. */
export const showReason = (): Html =>
  html`<label>Reason, kept in the log of acts<input name="reason" required maxlength="200" size="40" autocomplete="off" /></label>`;
