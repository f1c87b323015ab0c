// CRC-32 of the pixels Pillow 12.3 (libjpeg-turbo 3.1.4) decodes the JPEGs of the test data to.

/** By path below decoders/jpeg/reftest/images. */
export const reftestChecksums: Readonly<Record<string, number>> = {
  '16bit-qtables.jpg': 2968939297,
  'blank_800x280.jpg': 2001767608,
  'extraneous-data.jpg': 2303114016,
  'grayscale_16x24_sampling2x2.jpg': 2854117676,
  'grayscale_24x16_sampling2x2.jpg': 3382646367,
  'grayscale_large.jpg': 613807754,
  'grayscale_long.jpg': 1528313352,
  'grayscale_square.jpg': 1654535098,
  'mjpeg.jpg': 1710819311,
  'mozilla/jpg-cmyk-1.jpg': 1837362217,
  'mozilla/jpg-cmyk-2.jpg': 2258671898,
  'mozilla/jpg-gray.jpg': 1607206363,
  'mozilla/jpg-progressive.jpg': 4233864655,
  'mozilla/jpg-size-15x15.jpg': 2055438381,
  'mozilla/jpg-size-16x16.jpg': 2303114016,
  'mozilla/jpg-size-17x17.jpg': 1543626061,
  'mozilla/jpg-size-1x1.jpg': 2906727981,
  'mozilla/jpg-size-2x2.jpg': 2411401364,
  'mozilla/jpg-size-31x31.jpg': 3412068706,
  'mozilla/jpg-size-32x32.jpg': 4233864655,
  'mozilla/jpg-size-33x33.jpg': 4191617175,
  'mozilla/jpg-size-3x3.jpg': 1624185894,
  'mozilla/jpg-size-4x4.jpg': 81703437,
  'mozilla/jpg-size-5x5.jpg': 1280087614,
  'mozilla/jpg-size-6x6.jpg': 4281065632,
  'mozilla/jpg-size-7x7.jpg': 4205818037,
  'mozilla/jpg-size-8x8.jpg': 61701475,
  'mozilla/jpg-size-9x9.jpg': 1029538166,
  'mozilla/jpg-srgb-icc.jpg': 3523407757,
  'non-interleaved-mcu.jpg': 491186208,
  'progressive-missing-ac.jpg': 258049978,
  'progressive-missing-dc.jpg': 62097953,
  'progressive3.jpg': 3689745295,
  'restarts.jpg': 4023320600,
  'rgb.jpg': 2316671339,
  'ycck.jpg': 1252400811,
};

/** By folder of coco-mini: the CRC-32 of the lines "<file> <CRC-32 of its pixels>", in order of file names. */
export const cocoMiniChecksums: Readonly<Record<string, number>> = {
  train2017: 2126434526,
  val2017: 3690507924,
};
