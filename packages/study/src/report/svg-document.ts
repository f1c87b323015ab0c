// What all charts of a report are drawn on.
import { escapeXml } from './escape-xml.ts';

export interface SvgOptions {
  width: number;
  height: number;
  title: string;
  /** Where the title begins. */
  titleX: number;
}

/** An SVG document on white ground with its title above `parts`. */
export const svgDocument = (
  { width, height, title, titleX }: SvgOptions,
  parts: readonly string[],
): string => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#333">
<title>${escapeXml(title)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${titleX}" y="22" font-size="14" font-weight="600">${escapeXml(title)}</text>
${parts.join('\n')}
</svg>
`;
