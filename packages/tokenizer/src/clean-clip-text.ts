// The cleaning that OpenAI's CLIP applies to a text before BPE.
import { decodeHTML } from 'entities/decode';

const TERMINAL_ESCAPES = /\u001b\[[\d;]*[a-zA-Z]/g;
const C1_CONTROLS = /[\u0080-\u009f]/g;
// Bytes 0x80 to 0x9f of Windows-1252. Not TextDecoder: Node 20's reads them as Latin-1.
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const LATIN_LIGATURES = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06]/g;
const HALF_AND_FULL_WIDTH = /[\u3000\uff01-\uffef]/g;
const SINGLE_QUOTES = /[\u02bc\u2018-\u201b]/g;
const DOUBLE_QUOTES = /[\u201c-\u201f]/g;
// Not tab, line feed, form feed, carriage return: those are spaces to CLIP.
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;

/**
 * Text as OpenAI's CLIP tokenizer sees it: repaired, HTML entities decoded twice, spaces collapsed, lower case.
 *
 * OpenAI repairs with the Python library ftfy. Done here: entities, terminal escapes, C1 controls read as
 * Windows-1252, ligatures, half and full width forms, curly quotes, control characters, NFC. Not done: ftfy's
 * guess at mojibake (UTF-8 that was read in another encoding).
 */
export function cleanClipText(text: string): string {
  return decodeHTML(decodeHTML(repair(text)))
    .replace(/\s+/gu, ' ')
    .trim()
    .toLowerCase();
}

function repair(text: string): string {
  // As in ftfy, a literal < hints at real markup, where entities must stay.
  const unescaped = text.includes('<') ? text : decodeHTML(text);
  return unescaped
    .replace(TERMINAL_ESCAPES, '')
    .replace(C1_CONTROLS, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80])
    .replace(LATIN_LIGATURES, (ligature) => ligature.normalize('NFKC'))
    .replace(HALF_AND_FULL_WIDTH, (form) => form.normalize('NFKC'))
    .replace(SINGLE_QUOTES, "'")
    .replace(DOUBLE_QUOTES, '"')
    .replace(CONTROLS, '')
    .normalize('NFC');
}
