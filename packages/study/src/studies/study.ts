// What a study is: a question, and a table of the trainings that answer it.

export type FlagValue = string | number | boolean;

/** Flags of `pnpm train` as on the command line, without dashes; `true` stands alone, `false` is not given. */
export type Flags = Readonly<Record<string, FlagValue>>;

/** One row of a study; every row is trained once per seed. */
export interface Variant {
  /** Its name in tables and plots. */
  label: string;
  /** Rows of one series are compared with each other, and are one curve. */
  series: string;
  flags: Flags;
  /** The run of `flags` is captioned anew by this method instead of being trained again. */
  decode?: string;
  /** Flags of the run this one goes on from; its folder is given after `--init`. */
  init?: Flags;
}

export interface StudyOptions {
  /** Prefix lengths P, where the study varies them. */
  lengths: readonly number[];
}

export interface Study {
  /** What the study asks, as a sentence. */
  question: string;
  /**
   * `prefix`: neighbours along the lengths are compared, then each series with the first at equal lengths, and scores
   * are drawn against the length. `first`: every row is compared with the first of its series.
   */
  compare: 'prefix' | 'first';
  variants(options: StudyOptions): Variant[];
}

/** The prefix length of a row; 10 is what `pnpm train` takes without the flag. */
export const prefixOf = ({ flags }: Pick<Variant, 'flags'>): number => Number(flags.prefix ?? 10);
