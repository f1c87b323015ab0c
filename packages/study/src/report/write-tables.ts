// A table as Markdown, CSV (RFC 4180) and LaTeX.
import type { Table } from './document.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');

export function toMarkdown({ columns, rows, ofTexts = false }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const rule = columns.map((_, i) => (i === 0 || ofTexts ? '---' : '---:'));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}

export function toCsv({ columns, rows }: Table): string {
  const field = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns, ...rows].map((cells) => `${cells.map(field).join(',')}\r\n`).join('');
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '−': '$-$',
  '–': '--',
  '×': '$\\times$',
};

const toTex = (text: string): string =>
  text.replace(/[\\~^±−–×&%$#_{}]/g, (mark) => special[mark] ?? `\\${mark}`);

/** A tabular with booktabs' rules. */
export function toLatex({ caption, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `${cells.map(toTex).join(' & ')} \\\\`;
  return `% needs \\usepackage{booktabs}
\\begin{table}
\\caption{${toTex(caption)}}
\\begin{tabular}{l${'r'.repeat(columns.length - 1)}}
\\toprule
${line(columns)}
\\midrule
${rows.map(line).join('\n')}
\\bottomrule
\\end{tabular}
\\end{table}
`;
}
