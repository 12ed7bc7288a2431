// Puts `plugin.js` and a JavaScript engine into one component: node build.mjs FILE

import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const { component } = await componentize({
  sourcePath: "plugin.js",
  witPath: "vendor/wit/task-0.1",
  worldName: "plugin",
  // What the engine could reach and begat would not give it anyway.
  disableFeatures: ["http", "fetch-event"],
});
await writeFile(process.argv[2] ?? "dist/version-next.wasm", component);
