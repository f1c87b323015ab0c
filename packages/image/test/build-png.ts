// Writes PNGs of every kind for the tests of the decoder: any depth, colour type, filter and interlacing.
import { deflateSync } from 'node:zlib';
import { crc32 } from '../src/png/read-png-chunks.ts';

export interface PngPlan {
  width: number;
  height: number;
  depth: number;
  colourType: 0 | 2 | 3 | 4 | 6;
  /** Sample of channel `c` at (x, y), below 2^depth. */
  sample: (x: number, y: number, c: number) => number;
  interlaced?: boolean;
  palette?: number[];
  /** Further chunks before the pixels. */
  extra?: [type: string, body: Uint8Array][];
}

const channelsOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export function chunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, crc]);
}

export const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function header({ width, height, depth, colourType, interlaced }: Omit<PngPlan, 'sample'>): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  body.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return chunk('IHDR', body);
}

/** The filtered rows of one pass: filters 0 to 4 in turn, so that each is met. */
function filteredRows(plan: PngPlan, xs: number[], ys: number[]): Buffer {
  const channels = channelsOf[plan.colourType];
  const bits = channels * plan.depth;
  const pixelBytes = Math.max(1, bits / 8);
  const rowBytes = Math.ceil((xs.length * bits) / 8);
  let above = Buffer.alloc(rowBytes);
  const rows: Buffer[] = [];
  ys.forEach((y, r) => {
    const row = Buffer.alloc(rowBytes);
    xs.forEach((x, i) => {
      for (let c = 0; c < channels; c++) {
        const value = plan.sample(x, y, c);
        const bit = (i * channels + c) * plan.depth;
        if (plan.depth === 16) row.writeUInt16BE(value, bit / 8);
        else row[bit >> 3] |= value << (8 - plan.depth - (bit & 7));
      }
    });
    const filter = r % 5;
    const filtered = Buffer.alloc(rowBytes + 1);
    filtered[0] = filter;
    for (let i = 0; i < rowBytes; i++) {
      const left = i < pixelBytes ? 0 : row[i - pixelBytes];
      const corner = i < pixelBytes ? 0 : above[i - pixelBytes];
      filtered[i + 1] = row[i] - predict(filter, left, above[i], corner);
    }
    rows.push(filtered);
    above = row;
  });
  return Buffer.concat(rows);
}

function predict(filter: number, left: number, above: number, corner: number): number {
  if (filter < 3) return [0, left, above][filter];
  if (filter === 3) return Math.floor((left + above) / 2);
  const target = left + above - corner;
  const [nearest] = [left, above, corner].sort((a, b) => Math.abs(target - a) - Math.abs(target - b));
  return nearest;
}

const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

function steps(from: number, below: number, by: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((below - from) / by)) }, (_, i) => from + i * by);
}

export function buildPng(plan: PngPlan): Uint8Array {
  const passes = plan.interlaced ? adam7 : [[0, 0, 1, 1]];
  const rows = passes.map(([x, y, dx, dy]) => {
    const xs = steps(x, plan.width, dx);
    return xs.length === 0 ? Buffer.alloc(0) : filteredRows(plan, xs, steps(y, plan.height, dy));
  });
  const stream = deflateSync(Buffer.concat(rows));
  const half = stream.length >> 1;
  return Buffer.concat([
    pngSignature,
    header(plan),
    ...(plan.palette ? [chunk('PLTE', Uint8Array.from(plan.palette))] : []),
    ...(plan.extra ?? []).map(([type, body]) => chunk(type, body)),
    // in two pieces, as encoders with small buffers write it
    chunk('IDAT', stream.subarray(0, half)),
    chunk('IDAT', stream.subarray(half)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
