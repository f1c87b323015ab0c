// What a report consists of, whatever it is written as.

export interface Table {
  /** File name of its CSV and LaTeX, without ending. */
  name: string;
  caption: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** Its columns hold texts, not figures. */
  ofTexts?: boolean;
}

export interface Figure {
  /** File name without ending. */
  name: string;
  caption: string;
  svg: string;
}

/** One picture with the captions of several rows. */
export interface SamplePicture {
  /** Path of the picture file. */
  picture: string;
  imageId: string | number;
  references: readonly string[];
  captions: readonly { label: string; caption: string; cider: number }[];
}

export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: readonly string[] }
  | { kind: 'table'; table: Table }
  | { kind: 'figure'; figure: Figure; command: string }
  | { kind: 'command'; about: string; lines: readonly string[] }
  | { kind: 'samples'; samples: readonly SamplePicture[] };

export interface Section {
  title: string;
  blocks: readonly Block[];
}

export interface ReportDocument {
  title: string;
  sections: readonly Section[];
}
