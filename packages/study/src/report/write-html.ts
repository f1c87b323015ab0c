// A report as one HTML page that needs nothing else: styles, plots and pictures are inside.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { shownPath } from '@foreword/trainer';
import type { Block, ReportDocument, SamplePicture, Table } from './document.ts';
import { escapeXml } from './escape-xml.ts';

const style = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1d1d1f; --quiet: #5c5c66; --line: #d8d8de; --raised: #f5f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #17181c; --ink: #ececf0; --quiet: #a2a2ad; --line: #3a3b43; --raised: #212229; }
}
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
p, li { max-width: 46rem; }
figure { margin: 1.5rem 0; }
figcaption, .about { color: var(--quiet); font-size: .9rem; max-width: 46rem; margin: .4rem 0; }
.plot svg { display: block; width: 100%; min-width: 32rem; max-width: 46rem; height: auto; border-radius: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .texts th, .texts td { text-align: left; }
.texts td { white-space: normal; overflow-wrap: anywhere; }
.texts td + td { min-width: 8rem; }
pre { overflow-x: auto; background: var(--raised); padding: .6rem .8rem; border-radius: 6px; font-size: .8rem; }
.sample { border-top: 1px solid var(--line); padding: 1rem 0; }
.sample img { width: 10rem; max-width: 100%; image-rendering: auto; border-radius: 6px; display: block; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: .75rem 0; }
.columns div { background: var(--raised); border-radius: 6px; padding: .6rem .7rem; font-size: .9rem; }
.columns b { display: block; font-size: .78rem; color: var(--quiet); }
.columns small { color: var(--quiet); }
details { color: var(--quiet); font-size: .9rem; }
`;

export async function htmlOf({ title, sections }: ReportDocument): Promise<string> {
  const parts: string[] = [];
  for (const section of sections) {
    const blocks: string[] = [];
    for (const block of section.blocks) blocks.push(await blockOf(block));
    parts.push(`<section>\n<h2>${escapeXml(section.title)}</h2>\n${blocks.join('\n')}\n</section>`);
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
${parts.join('\n')}
</body>
</html>
`;
}

const code = (lines: readonly string[]): string => `<pre>${escapeXml(lines.join('\n'))}</pre>`;

async function blockOf(block: Block): Promise<string> {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeXml(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escapeXml(item)}</li>`).join('')}</ul>`;
    case 'table':
      return tableOf(block.table);
    case 'figure': {
      const { svg, caption } = block.figure;
      return `<figure class="plot"><div class="scroll">${svg}</div><figcaption>${escapeXml(caption)}</figcaption>${code([block.command])}</figure>`;
    }
    case 'command':
      return `<p class="about">${escapeXml(block.about)}</p>${code(block.lines)}`;
    case 'samples': {
      const samples: string[] = [];
      for (const sample of block.samples) samples.push(await sampleOf(sample));
      return samples.join('\n');
    }
  }
}

function tableOf({ caption, columns, rows, ofTexts }: Table): string {
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => line(cells, 'td')).join('\n');
  return `<figure><figcaption>${escapeXml(caption)}</figcaption><div class="scroll"><table${ofTexts ? ' class="texts"' : ''}>
<thead>${line(columns, 'th')}</thead>
<tbody>
${body}
</tbody></table></div></figure>`;
}

async function sampleOf({ picture, imageId, references, captions }: SamplePicture): Promise<string> {
  const columns = captions.map(
    ({ label, caption, cider }) =>
      `<div><b>${escapeXml(label)}</b>${escapeXml(caption)} <small>${(100 * cider).toFixed(1)}</small></div>`,
  );
  const listed = references.map((reference) => `<li>${escapeXml(reference)}</li>`).join('');
  return `<div class="sample">${await pictureOf(picture, imageId)}
<div class="columns">${columns.join('')}</div>
<details open><summary>references</summary><ul>${listed}</ul></details></div>`;
}

const largestBytes = 600_000;
const mediaTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
};

/** The picture inside the page; one that is large, of another kind or gone is named instead. */
async function pictureOf(path: string, imageId: string | number): Promise<string> {
  const type = mediaTypes[extname(path).toLowerCase()];
  const bytes = type === undefined ? undefined : await readFile(path).catch(() => undefined);
  if (!bytes || bytes.length > largestBytes)
    return `<p class="about">picture ${imageId}: ${escapeXml(shownPath(path))}</p>`;
  return `<img alt="picture ${imageId}" src="data:${type};base64,${bytes.toString('base64')}">`;
}
