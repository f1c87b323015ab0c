// The bundler gives a README's first program.
declare module '*.md';
