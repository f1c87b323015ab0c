// Writers of torch files for tests of what reads them: pickles, ZIP archives, every layout of torch.save.
export * from './pickle-writer.ts';
export * from './torch-writer.ts';
export * from './zip-writer.ts';
