// Has Graphviz lay out a graph and prints the picture.
import { readFileSync } from "node:fs";
import { Graphviz } from "@hpcc-js/wasm-graphviz";

const graphviz = await Graphviz.load();
console.log(graphviz.layout(readFileSync(process.argv[2], "utf8"), "svg", "dot"));
