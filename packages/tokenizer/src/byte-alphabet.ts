// GPT-2's byte alphabet: one printable character for each of the 256 bytes, so that BPE works on text.

/** Bytes that stand for themselves: printable Latin-1 without the soft hyphen (OpenAI gpt-2, `encoder.py`). */
function isPrintable(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

const printable: number[] = [];
const shifted: number[] = [];
for (let byte = 0; byte < 256; byte++) (isPrintable(byte) ? printable : shifted).push(byte);

/** The 256 bytes in the order of GPT-2's first 256 ids: printable ones, then the other 68. */
export const ALPHABET_ORDER: readonly number[] = [...printable, ...shifted];

/** Character of each byte; the 68 unprintable ones become U+0100, U+0101, … */
export const BYTE_TO_CHAR: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(isPrintable(byte) ? byte : 256 + shifted.indexOf(byte)),
);

const charToByte = new Map(BYTE_TO_CHAR.map((char, byte) => [char, byte]));

const utf8 = new TextEncoder();

/** UTF-8 bytes of `text`, written in the byte alphabet. */
export function toByteAlphabet(text: string): string {
  let symbols = '';
  for (const byte of utf8.encode(text)) symbols += BYTE_TO_CHAR[byte];
  return symbols;
}

/** Bytes of a string in the byte alphabet, or the first character that is not in it. */
export function fromByteAlphabet(symbols: string): Uint8Array | { stranger: string } {
  const bytes = new Uint8Array(symbols.length);
  for (let i = 0; i < symbols.length; i++) {
    const byte = charToByte.get(symbols[i]);
    if (byte === undefined) return { stranger: symbols[i] };
    bytes[i] = byte;
  }
  return bytes;
}
