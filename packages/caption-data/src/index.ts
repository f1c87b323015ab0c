// Reads captioning datasets in the formats people have them in; knows nothing of models.
export { splitOf, splits, type Dataset, type Example, type GivenFeatures, type Split } from './dataset.ts';
export { formatNames, formatNeeds, openCaptionData, type OpenOptions } from './open-caption-data.ts';
