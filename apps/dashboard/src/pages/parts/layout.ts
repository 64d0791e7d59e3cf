import { assetPaths } from './assets.ts';
import { html, renderPage, type Html } from './html.ts';

/** The pages of the menu, by their path below the dashboard. */
const menu = [
  ['./', 'Overview'],
  ['generations', 'Generations'],
  ['spend', 'Spend'],
  ['health', 'Health'],
  ['queues/', 'Queues'],
] as const;

export interface PageParts {
  readonly title: string;
  /** Path of the entry of the menu that the page belongs to. */
  readonly current: (typeof menu)[number][0];
  /** The path at which a proxy offers the dashboard, without a slash at its end. */
  readonly path: string;
  /** Address of the page below that path; absent for an answer to a form, which has none. */
  readonly self?: string;
  /** True if the page follows what happens. */
  readonly isLive: boolean;
  readonly body: Html;
}

/** Builds a page. All its links are relative to the path of the dashboard. */
export const buildPage = ({ title, current, path, self, isLive, body }: PageParts): string =>
  renderPage(
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Darkroom</title>
        <base href="${path}/" />
        <link rel="stylesheet" href=${assetPaths.style} />
        <link rel="icon" href=${assetPaths.icon} />
        <script type="module" src=${assetPaths.script}></script>
      </head>
      <body>
        ${self !== undefined && html`<a class="skip" href="${path}${self}#content">Skip to the content</a>`}
        <header>
          <span class="brand">Darkroom</span>
          <nav aria-label="Pages">
            <ul>
              ${menu.map(([href, name]) => html`<li><a href=${href} aria-current=${href === current ? 'page' : undefined}>${name}</a></li>`)}
            </ul>
          </nav>
          ${isLive && html`<button type="button" id="follow" aria-pressed="true" hidden>Live</button>`}
        </header>
        <main id="content" tabindex="-1">
          <h1>${title}</h1>
          <div id="live" data-live=${isLive ? '' : undefined}>${body}</div>
        </main>
        <footer>
          <p>Times are UTC. Keys: <kbd>/</kbd> search, <kbd>j</kbd> <kbd>k</kbd> next and previous row, <kbd>Enter</kbd> open.</p>
        </footer>
      </body>
    </html>`,
  );
