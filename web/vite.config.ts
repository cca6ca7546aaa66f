import { defineConfig } from "vite";

// One script and one style sheet under fixed names: the server serves them as they are, a static share inlines both in
// one HTML file, and a build of the same sources is the same bytes, so that CI can compare it with what is committed.
export default defineConfig({
  base: "./",
  // regl turns text into code by `Function.apply`, which the page's content security policy forbids: map/compile.ts.
  define: { "Function.apply": "globalThis.unpoolCompile" },
  build: {
    outDir: "../src/unpool/viewer/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    modulePreload: false,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: {
        codeSplitting: false,
        entryFileNames: "assets/page.js",
        assetFileNames: "assets/page[extname]",
      },
    },
  },
});
