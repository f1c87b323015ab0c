// Writes Protocol Buffers' wire format: as much of it as an ONNX graph needs.
// Source: protobuf.dev, "Encoding".

type Bytes = Uint8Array<ArrayBuffer>;

const wireTypes = { varint: 0, bytes: 2, fixed32: 5 } as const;

/** A whole number from 0 to 2⁵³ − 1, seven bits a byte, the lowest first. */
function varint(value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`protobuf: ${value} is no whole number from 0 on`);
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function concatenated(parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const tag = (field: number, type: keyof typeof wireTypes): Bytes => varint(field * 8 + wireTypes[type]);

/** A field that holds bytes: a message, a text, raw data. */
export const bytesField = (field: number, bytes: Bytes): Bytes =>
  concatenated([tag(field, 'bytes'), varint(bytes.length), bytes]);

export const textField = (field: number, text: string): Bytes =>
  bytesField(field, new TextEncoder().encode(text));

export const integerField = (field: number, value: number): Bytes =>
  concatenated([tag(field, 'varint'), varint(value)]);

export function floatField(field: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatenated([tag(field, 'fixed32'), bytes]);
}

/** Fields one after the other. */
export const message = (...fields: Bytes[]): Bytes => concatenated(fields);
