// Pictures for CLIP: PNG and JPEG decoding, Pillow's bicubic, crop, normalisation. Runs anywhere; pools in "./node".
export { centreCrop } from './centre-crop.ts';
export {
  clipMean,
  clipPreprocess,
  clipStd,
  type ClipPreprocessOptions,
  type PerChannel,
} from './clip-preprocess.ts';
export { decodeImage, defaultMaxPixels } from './decode-image.ts';
export { ImageError, type DecodedImage } from './decoded-image.ts';
export { resizeBicubic } from './resize-bicubic.ts';
export { toRgb } from './to-rgb.ts';
