// What a group of rows is: a name for --only, and the rows it measures.
import type { Device } from '@foreword/tensor/node';
import type { Row } from '../report/bench-row.ts';

export interface CaseContext {
  device: Device;
  repeats: number;
}

/** Yields rows as they are measured, so that progress can be shown. */
export type BenchCase = (context: CaseContext) => AsyncGenerator<Row, void>;

/** The float types this adapter can hold. */
export const floatTypes = ({ adapter }: Device): ('f32' | 'f16')[] =>
  adapter.f16 ? ['f32', 'f16'] : ['f32'];

/** A line that stands for the f16 rows of an adapter without f16. */
export const withoutF16 = (op: string): Row => ({
  op,
  shape: '',
  dtype: 'f16',
  skipped: 'this adapter has no shader-f16',
});
