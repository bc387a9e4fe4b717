// What npm ships: an entry is one file and what it loads later, since Node takes longer to find 40 files than to run them.
export default {
  input: ['./src/index.ts', './src/location.ts', './src/request.ts'],
  platform: 'node',
  external: /^[^./]/,
  output: { dir: 'dist', format: 'esm', chunkFileNames: '[name].js' },
}
