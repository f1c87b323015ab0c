// The Node entry: captioners from run folders on disk.
export { loadCaptioner, type LoadCaptionerOptions } from './load-captioner.node.ts';
