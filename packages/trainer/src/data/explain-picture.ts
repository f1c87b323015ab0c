// What is wrong with a picture file, in the words of commands.

export function explainPicture(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'this is a folder; give picture files';
  return message;
}
