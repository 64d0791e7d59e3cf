/**
 * Icons of the buttons and menu items to hide, because the server refuses them and Bull Board has no option for it (Bull Board 9.10.1).
 * If a later version uses other icons, the buttons are visible again, and still refused.
 */
const refusedIcons = ['trash-2', 'ban', 'pencil', 'files', 'clock', 'plus', 'gauge', 'chart-no-axes-gantt'];

const selectors = [
  ...refusedIcons.flatMap((icon) => [`main button:has(> .lucide-${icon})`, `[role='menuitem']:has(> .lucide-${icon})`]),
  // "Run now" of a schedule. The same icon in a menu resumes a queue, which is allowed.
  'main button:has(> .lucide-play)',
];

/** The stylesheet that the board's page loads last. Of a generation, Clean is shown: it cancels. */
export const BOARD_STYLE = `${selectors.join(',\n')} {
  display: none;
}
body:has(a[aria-current='page'][href$='/queue/generations']) main li button:has(> .lucide-trash-2) {
  display: inline-flex;
}
`;

/** Path of the stylesheet. */
export const BOARD_STYLE_PATH = '/darkroom.css';

/** Adds our stylesheet to the page of the board, and removes its link to a font of another site, which the browser would not load. */
export const addBoardStyle = (page: string): string =>
  page.replace(/<link href="https:[^>]*>/g, '').replace('</head>', `<link href="${BOARD_STYLE_PATH.slice(1)}" rel="stylesheet"></head>`);
