// Lists what a TypeScript file imports, by syntax and not by guessing at text.
import { parseSync } from 'oxc-parser';

/** One import, export-from or `import()` with a literal. */
export interface ImportReference {
  specifier: string;
  line: number;
  /** Erased by the compiler: nothing is loaded at run time. */
  typeOnly: boolean;
}

/** @throws SyntaxError when the file cannot be parsed */
export function readImports(path: string, source: string): ImportReference[] {
  const { module, errors } = parseSync(path, source);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const found: ImportReference[] = [];
  const add = (specifier: string, offset: number, typeOnly: boolean): void => {
    found.push({ specifier, typeOnly, line: source.slice(0, offset).split('\n').length });
  };
  for (const { moduleRequest, entries, start } of module.staticImports) {
    add(moduleRequest.value, start, entries.length > 0 && entries.every((entry) => entry.isType));
  }
  for (const { entries, start } of module.staticExports) {
    const sources = new Set(entries.flatMap((entry) => entry.moduleRequest?.value ?? []));
    for (const specifier of sources) {
      const own = entries.filter((entry) => entry.moduleRequest?.value === specifier);
      add(
        specifier,
        start,
        own.every((entry) => entry.isType),
      );
    }
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = /^(['"`])([^'"`$]*)\1$/.exec(source.slice(moduleRequest.start, moduleRequest.end));
    if (literal) add(literal[2], start, false);
  }
  return found;
}

/** `@foreword/tensor/node` → name `@foreword/tensor`, entry `./node`; undefined for relative and `node:` ones. */
export function splitPackageSpecifier(specifier: string): { name: string; entry: string } | undefined {
  if (/^(\.|\/|node:|#|data:|https?:)/.test(specifier)) return undefined;
  const parts = specifier.split('/');
  const name = parts.splice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return { name, entry: ['.', ...parts].join('/') };
}
