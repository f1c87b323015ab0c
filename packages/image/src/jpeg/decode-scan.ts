// Decodes one scan of a JPEG: which blocks it covers, and how each kind of scan codes a block.
import { ImageError } from '../decoded-image.ts';
import { BitReader } from './bit-reader.ts';
import type { Component, Frame } from './frame.ts';
import type { HuffmanTable } from './huffman-table.ts';
import { inverseDct } from './inverse-dct.ts';

export interface ScanComponent {
  component: Component;
  dc: HuffmanTable | undefined;
  ac: HuffmanTable | undefined;
}

export interface Scan {
  components: ScanComponent[];
  /** First and last coefficient coded, in zigzag order. */
  spectralStart: number;
  spectralEnd: number;
  /** Bit position coded by the scan before this one for the same coefficients, 0 if there was none. */
  approximationHigh: number;
  approximationLow: number;
  /** Units between restart markers, 0 for none. */
  restartInterval: number;
}

/** Natural place (8 · row + column) of the i-th coefficient in zigzag order. */
export const naturalOrder: Uint8Array = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Decodes a block of `target` at `place` (its index among the stored blocks). */
type DecodeBlock = (target: ScanComponent, index: number, place: number) => void;

/**
 * Decodes a scan into the frame: samples for baseline, coefficients for progressive.
 *
 * @param start first byte of the entropy-coded data
 * @returns position of the marker that ends the scan
 * @throws ImageError when the data ends before the scan does, or is no valid code
 */
export function decodeScan(data: Uint8Array, start: number, frame: Frame, scan: Scan): number {
  const reader = new BitReader(data, start);
  const predictions = new Int32Array(scan.components.length);
  const progressive = frame.progressive ? progressiveBlock(reader, scan, predictions) : undefined;
  const decodeBlock = progressive?.decode ?? baselineBlock(reader, predictions);

  const alone = scan.components.length === 1;
  const [{ component: first }] = scan.components;
  const unitsAcross = alone ? first.blocksAcross : frame.unitsAcross;
  const units = unitsAcross * (alone ? first.blocksDown : frame.unitsDown);
  for (let unit = 0; unit < units; unit++) {
    if (scan.restartInterval > 0 && unit > 0 && unit % scan.restartInterval === 0) {
      reader.skipToMarker();
      const marker = data[reader.position + 1];
      if (!(marker >= 0xd0 && marker <= 0xd7))
        throw new ImageError('truncated JPEG: a restart marker is missing');
      reader.position += 2;
      predictions.fill(0);
      progressive?.restart();
    }
    const row = Math.floor(unit / unitsAcross);
    const column = unit % unitsAcross;
    if (alone) {
      decodeBlock(scan.components[0], 0, row * first.blockStride + column);
    } else {
      for (let index = 0; index < scan.components.length; index++) {
        const target = scan.components[index];
        const { h, v, blockStride } = target.component;
        for (let y = 0; y < v; y++) {
          for (let x = 0; x < h; x++)
            decodeBlock(target, index, (row * v + y) * blockStride + column * h + x);
        }
      }
    }
    if (reader.overrun)
      throw new ImageError(`truncated JPEG: a scan ends early, after ${unit} of ${units} blocks`);
  }
  reader.skipToMarker();
  return reader.position;
}

function need(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw new ImageError('broken JPEG: a scan uses a Huffman table that is not there');
  return table;
}

/** Sequential coding: all coefficients of a block together, made into samples at once. */
function baselineBlock(reader: BitReader, predictions: Int32Array): DecodeBlock {
  const block = new Int16Array(64);
  return ({ component, dc, ac }, index, place) => {
    block.fill(0);
    predictions[index] += reader.signed(reader.symbol(need(dc)) & 15);
    block[0] = predictions[index];
    const table = need(ac);
    for (let k = 1; k < 64; k++) {
      const symbol = reader.symbol(table);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0) {
        if (run < 15) break;
        k += 15;
        continue;
      }
      k += run;
      if (k > 63) throw reader.fault('a run of zeros leaves its block');
      block[naturalOrder[k]] = reader.signed(size);
    }
    const stride = component.blockStride * 8;
    const to = Math.floor(place / component.blockStride) * 8 * stride + (place % component.blockStride) * 8;
    inverseDct(block, 0, component.quant as Uint16Array, component.plane, { to, stride });
  };
}

/** Progressive coding: one band of coefficients at one precision (ITU T.81, annex G). */
function progressiveBlock(
  reader: BitReader,
  scan: Scan,
  predictions: Int32Array,
): { decode: DecodeBlock; restart: () => void } {
  const { spectralStart, spectralEnd, approximationHigh, approximationLow: low } = scan;
  // blocks still to come whose rest of the band is all zero
  let endOfBandRun = 0;

  const dcFirst: DecodeBlock = ({ component, dc }, index, place) => {
    predictions[index] += reader.signed(reader.symbol(need(dc)) & 15);
    coefficientsOf(component)[place * 64] = predictions[index] << low;
  };

  const dcRefine: DecodeBlock = ({ component }, _index, place) => {
    coefficientsOf(component)[place * 64] |= reader.bits(1) << low;
  };

  const acFirst: DecodeBlock = ({ component, ac }, _index, place) => {
    if (endOfBandRun > 0) {
      endOfBandRun--;
      return;
    }
    const table = need(ac);
    const coefficients = coefficientsOf(component);
    for (let k = spectralStart; k <= spectralEnd; k++) {
      const symbol = reader.symbol(table);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0) {
        if (run < 15) {
          endOfBandRun = (1 << run) - 1 + reader.bits(run);
          break;
        }
        k += 15;
        continue;
      }
      k += run;
      if (k > 63) throw reader.fault('a run of zeros leaves its block');
      coefficients[place * 64 + naturalOrder[k]] = reader.signed(size) << low;
    }
  };

  const acRefine: DecodeBlock = ({ component, ac }, _index, place) => {
    const table = need(ac);
    const coefficients = coefficientsOf(component);
    const one = 1 << low;
    const correct = (at: number): void => {
      // a bit tells whether a coefficient known to be non-zero grows away from zero
      if (reader.bits(1) === 1 && (coefficients[at] & one) === 0)
        coefficients[at] += coefficients[at] > 0 ? one : -one;
    };
    let k = spectralStart;
    if (endOfBandRun === 0) {
      for (; k <= spectralEnd; k++) {
        const symbol = reader.symbol(table);
        let run = symbol >> 4;
        let fresh = 0;
        if ((symbol & 15) !== 0) {
          fresh = reader.bits(1) === 1 ? one : -one;
        } else if (run < 15) {
          endOfBandRun = (1 << run) + reader.bits(run);
          break;
        }
        // pass over `run` zeros, refining what is not zero on the way
        for (; k <= spectralEnd; k++) {
          const at = place * 64 + naturalOrder[k];
          if (coefficients[at] !== 0) correct(at);
          else if (run-- === 0) {
            coefficients[at] = fresh;
            break;
          }
        }
      }
    }
    if (endOfBandRun > 0) {
      for (; k <= spectralEnd; k++) {
        const at = place * 64 + naturalOrder[k];
        if (coefficients[at] !== 0) correct(at);
      }
      endOfBandRun--;
    }
  };

  const first = approximationHigh === 0;
  const decode = spectralStart === 0 ? (first ? dcFirst : dcRefine) : first ? acFirst : acRefine;
  const restart = (): void => {
    endOfBandRun = 0;
  };
  return { decode, restart };
}

function coefficientsOf(component: Component): Int16Array {
  return component.coefficients as Int16Array;
}

/** Turns the coefficients of a finished progressive frame into samples. */
export function reconstruct({ components }: Frame): void {
  for (const component of components) {
    const { coefficients, quant, plane, blockStride } = component;
    if (!coefficients || !quant) continue;
    const stride = blockStride * 8;
    for (let block = 0; block * 64 < coefficients.length; block++) {
      const to = Math.floor(block / blockStride) * 8 * stride + (block % blockStride) * 8;
      inverseDct(coefficients, block * 64, quant, plane, { to, stride });
    }
  }
}
