// Names under which people keep pictures, captions and splits, in the columns of tables and the keys of JSON lines.

export const pictureColumns = [
  'image',
  'file_name',
  'filename',
  'image_name',
  'image_path',
  'filepath',
  'path',
  'file',
  'img',
  'picture',
] as const;
export const captionColumns = [
  'caption',
  'captions',
  'text',
  'sentence',
  'comment',
  'description',
  'title',
] as const;
export const splitColumns = ['split', 'set', 'subset', 'partition'] as const;

/** The first of the wanted names that is there, whatever its letters' case. */
export function columnOf(names: readonly string[], wanted: readonly string[]): number {
  const clean = names.map((name) => name.trim().toLowerCase());
  for (const name of wanted) {
    const at = clean.indexOf(name);
    if (at >= 0) return at;
  }
  return -1;
}

/** Whether a cell names a picture that can be read. */
export const namesPicture = (cell: string): boolean => /\.(png|jpe?g)$/i.test(cell.trim());
