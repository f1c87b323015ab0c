// Figures of others that tables show beside ours. Cited, never computed here.

/** ClipCap (Mokady et al. 2021, arXiv 2111.09734), table 1: COCO, Karpathy's test split. × 100, parameters in millions. */
export const clipCapRows: readonly {
  label: string;
  bleu4: number;
  meteor: number;
  cider: number;
  spice: number;
  parametersM: number;
  time: string;
}[] = [
  { label: 'BUTD', bleu4: 36.2, meteor: 27, cider: 113.5, spice: 20.3, parametersM: 52, time: '960 h M40' },
  { label: 'VLP', bleu4: 36.5, meteor: 28.4, cider: 117.7, spice: 21.3, parametersM: 115, time: '48 h V100' },
  {
    label: 'Oscar',
    bleu4: 36.58,
    meteor: 30.4,
    cider: 124.12,
    spice: 23.17,
    parametersM: 135,
    time: '74 h V100',
  },
  {
    label: 'ClipCap, transformer, GPT-2 frozen',
    bleu4: 33.53,
    meteor: 27.45,
    cider: 113.08,
    spice: 21.05,
    parametersM: 43,
    time: '6 h GTX1080',
  },
  {
    label: 'ClipCap, MLP, GPT-2 tuned',
    bleu4: 32.15,
    meteor: 27.1,
    cider: 108.35,
    spice: 20.12,
    parametersM: 156,
    time: '7 h GTX1080',
  },
  {
    label: 'ClipCap, MLP, GPT-2 frozen',
    bleu4: 27.39,
    meteor: 24.4,
    cider: 92.38,
    spice: 18.04,
    parametersM: 32,
    time: '6 h GTX1080',
  },
];

/** The research note this project re-creates: COCO 2014, ten epochs, BLEU × 100. */
export const noteRows: readonly { label: string; bleu: readonly (number | undefined)[] }[] = [
  { label: 'ClipCap Paper', bleu: [undefined, undefined, undefined, 32.15] },
  { label: 'note, prefix length = 1', bleu: [66.13, 51.69, 36.58, 28.42] },
  { label: 'note, prefix length = 10', bleu: [69.2, 53.38, 40.74, 31.71] },
  { label: 'note, prefix length = 20', bleu: [68.79, 53.4, 40.98, 30.57] },
];

/** Prefix-tuning (Li and Liang 2021, arXiv 2101.00190 v1): E2E, GPT-2 medium, beam 5. BLEU NIST METEOR ROUGE-L CIDEr. */
export const prefixTuningRows: readonly { label: string; scores: readonly number[] }[] = [
  { label: 'E2E, fine-tune', scores: [68.2, 8.62, 46.2, 71, 2.47] },
  { label: 'E2E, PREFIX (P = 5)', scores: [69.7, 8.81, 46.1, 71.4, 2.49] },
  { label: 'E2E, EMB-1', scores: [48.1, 3.33, 32.1, 60.2, 1.1] },
  { label: 'E2E, EMB-10', scores: [62.2, 6.7, 38.6, 66.4, 1.75] },
  { label: 'E2E, EMB-20', scores: [61.9, 7.11, 39.3, 65.6, 1.85] },
  { label: 'E2E, INFIX-1', scores: [67.9, 8.63, 45.8, 69.4, 2.42] },
  { label: 'E2E, INFIX-10', scores: [67.2, 8.48, 45.8, 69.9, 2.4] },
  { label: 'E2E, INFIX-20', scores: [66.7, 8.47, 45.8, 70, 2.42] },
];

/** What every comparison with cited rows must say. */
export const whatDiffers =
  'Rows marked "cited" are printed figures of others, for orientation: they differ from ours in data, split, size of CLIP and GPT-2, epochs, decoding and evaluation. The note says neither its split nor its decoding nor its BLEU; its tuned or frozen regime is not certain either. ClipCap gives "greedy or beam 5" without saying which row used which.';
