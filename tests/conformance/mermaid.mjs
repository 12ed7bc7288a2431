// Parses a Mermaid diagram and prints its kind.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
const parsed = await mermaid.parse(readFileSync(process.argv[2], "utf8"));
console.log(parsed.diagramType);
