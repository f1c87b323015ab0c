// What every format becomes: pictures with captions, by split.
import type { Scene } from '@foreword/scenes';

export type Split = 'train' | 'val' | 'test';
export const splits: readonly Split[] = ['train', 'val', 'test'];

export interface Example {
  /** As the dataset names it: COCO's number, a file's name, a row. */
  id: number | string;
  /** The picture file; where features come with the data, the place of the feature. */
  path: string;
  /** White space is single spaces; never empty. */
  captions: string[];
  /** nocaps: in-domain, near-domain or out-domain. */
  domain?: string;
  /** Ground truth of an embedded scene, where the dataset has it. */
  scene?: Scene;
}

/** Features of a dataset that needs no pictures. */
export interface GivenFeatures {
  /** Numbers per feature. */
  D: number;
  /** [N, D] of each split, row-major, in the order of its examples. */
  read(): Promise<Record<Split, Float32Array>>;
}

export interface Dataset {
  /** As it was asked for. */
  name: string;
  splits: Record<Split, Example[]>;
  /** SHA-256 over the caption files: part of cache keys and of a run's record. */
  digest: string;
  /** One line: what was read from where, and how much of it is usable. */
  summary: string;
  /** What was left out and why, a sentence for each reason. */
  skipped: string[];
  /** Remarks for people, such as a test split that had to be borrowed. */
  notes: string[];
  /** Set when the features come with the data. */
  features?: GivenFeatures;
}

const splitNames: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  // Karpathy's split: the pictures of COCO's val that he adds to train.
  restval: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
};

/** The split that a dataset means by a word; undefined for other words. */
export const splitOf = (word: string): Split | undefined => splitNames[word.trim().toLowerCase()];
