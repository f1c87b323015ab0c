// Byte-level BPE tokenizers: load a tokenizer.json, encode, decode, stream, train a small one.
export { loadTokenizer, Tokenizer, type DecodeOptions, type EncodeOptions } from './tokenizer.ts';
export { TokenizerFileError, type AddedTokenJson, type TokenizerJson } from './tokenizer-json.ts';
export { TokenStream, type TokenStreamOptions } from './token-stream.ts';
export { cleanClipText } from './clean-clip-text.ts';
export { CLIP_END, CLIP_START, clipTokenize, type ClipTokenizeOptions } from './clip-tokenize.ts';
export { trainBpe, type TrainBpeOptions } from './train-bpe.ts';
