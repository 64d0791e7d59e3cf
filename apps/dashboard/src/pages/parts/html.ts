import { html } from 'htm/preact';
import type { ComponentChild } from 'preact';
import { renderToString } from 'preact-render-to-string';

export { html };

/** A piece of a page. Its renderer escapes every text and attribute in it. */
export type Html = ComponentChild;

/** Renders a whole page. */
export const renderPage = (page: Html): string => `<!doctype html>${renderToString(html`${page}`)}`;
