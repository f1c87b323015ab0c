// What other tools may use of studies: their tables, and the form of a report.
export { studies, studyNames, type Study, type StudyName, type Variant } from './studies/index.ts';
export { planCells, type Cell } from './cells/plan-cells.ts';
export type { ReportJson } from './report/report-json.ts';
