/**
 * Hides what the server refuses, for which Bull Board has no option: the buttons and menu entries, by the icons that they
 * carry (Bull Board 9.10.1). Should a later version draw others, they are seen again, and still refused.
 */
const refusedIcons = ['trash-2', 'ban', 'pencil', 'files', 'clock', 'plus', 'gauge', 'chart-no-axes-gantt'];

const selectors = [
  ...refusedIcons.flatMap((icon) => [`main button:has(> .lucide-${icon})`, `[role='menuitem']:has(> .lucide-${icon})`]),
  // "Run now" of a schedule; as a menu entry it resumes a queue, which is allowed.
  'main button:has(> .lucide-play)',
];

/** The stylesheet that the board's page loads last. */
export const BOARD_STYLE = `${selectors.join(',\n')} {\n  display: none;\n}\n`;

/** Where it is, relative to the page. */
export const BOARD_STYLE_PATH = '/darkroom.css';

/** The board's page with our stylesheet, and without the font of another site, which the browser would refuse to load anyway. */
export const addBoardStyle = (page: string): string =>
  page.replace(/<link href="https:[^>]*>/g, '').replace('</head>', `<link href="${BOARD_STYLE_PATH.slice(1)}" rel="stylesheet"></head>`);
