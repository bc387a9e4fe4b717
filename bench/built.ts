/** The package as its users run it: what `npm run build` made. By its place, since its name stands for `src` in this repository. */
export const built = (await import(
  new URL('../dist/index.js', import.meta.url).href
)) as typeof import('../src/index.ts')
