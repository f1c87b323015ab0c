// A report as Markdown; figures lie beside it.
import { shownPath } from '@foreword/trainer';
import type { Block, ReportDocument, SamplePicture } from './document.ts';
import { toMarkdown } from './write-tables.ts';

export function markdownOf({ title, sections }: ReportDocument): string {
  const parts = sections.map(
    (section) => `## ${section.title}\n\n${section.blocks.map((block) => blockOf(block)).join('\n\n')}`,
  );
  return `# ${title}\n\n${parts.join('\n\n')}\n`;
}

const code = (lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n');

function blockOf(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n');
    case 'table':
      return `${block.table.caption}\n\n${toMarkdown(block.table)}`;
    case 'figure': {
      const { name, caption } = block.figure;
      return `![${caption}](${name}.svg)\n\n${caption}\n\n${code([block.command])}`;
    }
    case 'command':
      return `${block.about}\n\n${code(block.lines)}`;
    case 'samples':
      return block.samples.map((sample) => sampleOf(sample)).join('\n\n');
  }
}

function sampleOf({ picture, imageId, references, captions }: SamplePicture): string {
  const table = toMarkdown({
    name: '',
    caption: '',
    ofTexts: true,
    columns: ['row', 'caption', 'CIDEr-D'],
    rows: captions.map(({ label, caption, cider }) => [label, caption, (100 * cider).toFixed(1)]),
  });
  const listed = references.map((reference) => `- ${reference}`).join('\n');
  return `**Picture ${imageId}** (${shownPath(picture)})\n\n${table}\n\nReferences:\n\n${listed}`;
}
