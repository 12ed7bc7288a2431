// The task type `version-next`: gives the version that follows another, and writes it to the assets that the flow declares.

import { log } from "begat:task/log@0.1.0";

const STEPS = ["major", "minor", "patch"];
const PROPERTIES = {
  type: "object",
  properties: {
    version: { type: "string", description: "The version there is: three numbers with points between." },
    step: { enum: STEPS, description: "Which of the numbers grows; `patch` unless given." },
  },
  required: ["version"],
  additionalProperties: false,
};
const OUTPUTS = {
  type: "object",
  properties: { version: { type: "string", description: "The version that follows." } },
  required: ["version"],
};

function next(version, step) {
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  if (match === null) {
    const message = `\`${version}\` is no version: write three numbers, such as 1.2.3`;
    throw { kind: { tag: "invalid-properties" }, message, retryable: false };
  }
  const place = STEPS.indexOf(step);
  const number = (text, at) => (at < place ? Number(text) : at === place ? Number(text) + 1 : 0);
  return match.slice(1).map(number).join(".");
}

export const task = {
  describe() {
    const type = {
      name: "version-next",
      aliases: [],
      summary: "Gives the version that follows",
      properties: JSON.stringify(PROPERTIES),
      outputs: JSON.stringify(OUTPUTS),
    };
    return { name: "version-next", version: "0.1.0", summary: "Counts versions", taskTypes: [type], capabilities: [] };
  },

  run(request) {
    const { version, step = "patch" } = JSON.parse(request.properties);
    const following = next(version.trim(), step);
    log("info", `${version} is followed by ${following}`);
    return JSON.stringify({ version: following });
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
