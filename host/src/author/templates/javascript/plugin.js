// The task type `__NAME__`: greets someone, and adds the greeting to the assets that the flow declares.

import { log } from "begat:task/log@0.1.0";

const PROPERTIES = {
  type: "object",
  properties: { name: { type: "string", description: "Whom to greet." } },
  required: ["name"],
  additionalProperties: false,
};
const OUTPUTS = {
  type: "object",
  properties: { greeting: { type: "string", description: "What was said." } },
  required: ["greeting"],
};

export const task = {
  describe() {
    const greet = {
      name: "__NAME__",
      aliases: [],
      summary: "Greets someone by name",
      properties: JSON.stringify(PROPERTIES),
      outputs: JSON.stringify(OUTPUTS),
    };
    return { name: "__NAME__", version: "0.1.0", summary: "Greets someone", taskTypes: [greet], capabilities: [] };
  },

  run(request) {
    const name = JSON.parse(request.properties).name.trim();
    if (name === "") {
      const message = "`name` is empty: give the name of someone";
      throw { kind: { tag: "invalid-properties" }, message, retryable: false };
    }
    const greeting = `Hello, ${name}`;
    log("info", greeting);
    return JSON.stringify({ greeting });
  },

  declare(request, outputs, declared) {
    for (const { outputs: assets } of declared) {
      for (const asset of assets) {
        asset.metadata = JSON.stringify({ ...JSON.parse(asset.metadata), ...JSON.parse(outputs) });
      }
    }
    return declared;
  },
};
