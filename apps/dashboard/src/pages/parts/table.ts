import { html, type Html } from './html.ts';

/** A column: its name, or with numbers in it. */
export type Column = string | { readonly name: string; readonly isNumber: true };

export interface Row {
  /** True if `j` and `k` move over it: its first link has the class "open". */
  readonly isEntry?: boolean;
  /** The first one names the row. */
  readonly cells: readonly Html[];
}

export interface TableParts {
  readonly columns: readonly Column[];
  readonly rows: readonly (Row | readonly Html[])[];
  /** Name of the table where the headings do not tell. */
  readonly caption?: Html;
  /** Makes it a region that scrolls by itself, with this name. */
  readonly label?: string;
  /** False for a table so narrow that it is one on a phone too. */
  readonly isStacked?: boolean;
}

const nameOf = (column: Column): string => (typeof column === 'string' ? column : column.name);
const classOf = (column: Column | undefined): string | undefined => (typeof column === 'object' ? 'number' : undefined);

/** Shows a table. On a phone each row becomes a block, with the names of the columns beside its values. */
export function showTable({ columns, rows, caption, label, isStacked = true }: TableParts): Html {
  const table = html`<table class=${isStacked ? 'stack' : undefined}>
    ${
      caption !== undefined &&
      html`<caption>
        ${caption}
      </caption>`
    }
    <thead>
      <tr>
        ${columns.map((column) => html`<th scope="col" class=${classOf(column)}>${nameOf(column)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(showRow(columns))}
    </tbody>
  </table>`;
  return label === undefined
    ? html`<div class="scroll">${table}</div>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>${table}</div>`;
}

const showRow =
  (columns: readonly Column[]) =>
  (row: Row | readonly Html[]): Html => {
    const { cells, isEntry = false } = 'cells' in row ? row : { cells: row };
    return html`<tr data-row=${isEntry}>
      ${cells.map((cell, place) => {
        const column = columns[place];
        const name = column === undefined ? undefined : nameOf(column);
        return place === 0
          ? html`<th scope="row" data-name=${name}>${cell}</th>`
          : html`<td data-name=${name} class=${classOf(column)}>${cell}</td>`;
      })}
    </tr>`;
  };
