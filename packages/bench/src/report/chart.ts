/** A bar of a chart, made of parts. */
export interface Bar {
  name: string;
  parts: readonly { name: string; value: number }[];
}

/** Colours that differ for people with any sight of colours too (Okabe and Ito, 2008). */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];
const [NAME_WIDTH, BAR_WIDTH, BAR_HEIGHT, GAP, HEAD] = [220, 480, 22, 10, 56];

/** Draws horizontal bars as SVG: each has a length in `unit`, and its parts stand side by side. */
export function drawBars(title: string, unit: string, bars: readonly Bar[]): string {
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const longest = Math.max(...totals);
  const width = NAME_WIDTH + BAR_WIDTH + 90;
  const height = HEAD + bars.length * (BAR_HEIGHT + GAP) + 10;
  const colourOf = (name: string): string => colours[names.indexOf(name) % colours.length] ?? '#000000';
  const legend = names.map(
    (name, at) =>
      `<rect x="${NAME_WIDTH + at * 110}" y="32" width="12" height="12" fill="${colourOf(name)}"/><text x="${NAME_WIDTH + at * 110 + 18}" y="42">${escape(name)}</text>`,
  );
  const drawn = bars.map(({ name, parts }, at) => {
    const y = HEAD + at * (BAR_HEIGHT + GAP);
    let x = NAME_WIDTH;
    const pieces = parts.map((part) => {
      const length = (part.value / longest) * BAR_WIDTH;
      const piece = `<rect x="${x.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" fill="${colourOf(part.name)}"/>`;
      x += length;
      return piece;
    });
    const label = `<text x="${NAME_WIDTH - 10}" y="${y + 16}" text-anchor="end">${escape(name)}</text>`;
    const total = `<text x="${(x + 8).toFixed(1)}" y="${y + 16}">${(totals[at] ?? 0).toFixed(1)} ${escape(unit)}</text>`;
    return [label, ...pieces, total].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="10" y="20" font-weight="bold">${escape(title)}</text>`,
    ...legend,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
