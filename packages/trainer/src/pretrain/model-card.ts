// The text of a backbone's README.md: what it is, how it was made, what it can do.

export interface CardFacts {
  title: string;
  about: string;
  /** The command that makes it again. */
  command: string;
  facts: readonly (readonly [what: string, value: string])[];
  scores: readonly (readonly [what: string, value: string])[];
}

export function modelCard({ title, about, command, facts, scores }: CardFacts): string {
  const table = (rows: CardFacts['facts']): string =>
    rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n');
  return `# ${title}

${about}

Made by this command, which also prints the scores below:

\`\`\`sh
${command}
\`\`\`

| how | |
| --- | --- |
${table(facts)}

| measured on the val split | |
| --- | --- |
${table(scores)}
`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} minutes`;
