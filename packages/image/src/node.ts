// Node's part: picture files preprocessed in worker threads.
export { createDecodePool, type DecodePool, type DecodePoolOptions } from './decode-pool.ts';
