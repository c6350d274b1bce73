// What an editor with the yaml-language-server makes of docs/schema: no complaint about what ships, complaints about
// what is wrong, names and nodes to choose from, explanations. Not in the test-suite, since it needs npm:
//
//     mkdir -p var/editor && npm install --prefix var/editor yaml-language-server vscode-languageserver-textdocument
//     node scripts/try_editor.mjs var/editor
//
// Ends with 1 when something is not as it should be.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.resolve(process.argv[2], "package.json"));
const { getLanguageService } = require("yaml-language-server");
const { SettingsState } = require("yaml-language-server/out/server/src/yamlSettings");
const { TextDocument } = require("vscode-languageserver-textdocument");

const FILES = {
  "hotline.schema.json": ["hotline.yaml"],
  "library.schema.json": ["library.yaml"],
  "categories.schema.json": ["categories.yaml"],
  "names.schema.json": ["names.yaml"],
  "scenario.schema.json": ["*.scenario.yaml"],
  "prompts.schema.json": ["prompts/*.yaml"],
  "flow.schema.json": ["flow.yaml"],
};
const documents = new Map();
const settings = new SettingsState();
settings.documents = { get: (uri) => documents.get(uri) };
const nothing = () => {};
const service = getLanguageService({
  schemaRequestService: async (uri) => { throw new Error(`not to be fetched: ${uri}`); },
  workspaceContext: { resolveRelativePath: (name) => name },
  connection: { console: { error: console.error }, onRequest: nothing, onNotification: nothing },
  telemetry: { send: nothing, sendError: console.error, sendTrack: nothing },
  yamlSettings: settings,
  clientCapabilities: { textDocument: { completion: { completionItem: { documentationFormat: ["markdown"] } } } },
});
service.configure({
  validate: true, hover: true, completion: true, yamlVersion: "1.2",
  schemas: Object.entries(FILES).map(([file, fileMatch]) => ({
    uri: `file:///schema/${file}`, fileMatch, schema: JSON.parse(readFileSync(path.join("docs/schema", file), "utf8")),
  })),
});

let version = 0;
function open(name, text) {
  version += 1;
  const document = TextDocument.create(`file:///${version}/${name}`, "yaml", version, text);
  documents.set(document.uri, document);
  return document;
}
function at(name, text) { // `|` is where the cursor stands
  const document = open(name, text.replace("|", ""));
  return [document, document.positionAt(text.indexOf("|"))];
}
const complaints = async (name, text) => (await service.doValidation(open(name, text), false)).map((one) => one.message);
const offered = async (name, text) => (await service.doComplete(...at(name, text), false)).items.map((one) => one.label);
const told = async (name, text) => (await service.doHover(...at(name, text)))?.contents.value ?? "";

function* written(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* written(file);
    else if (file.endsWith(".yaml") && !/tables|queues\.yaml|agents\.yaml/.test(file)) yield file;
  }
}
function nameOf(file) {
  const name = path.basename(file);
  if (path.basename(path.dirname(file)) === "prompts") return `prompts/${name}`;
  return /^(hotline|library)\.yaml$|\.scenario\.yaml$/.test(name) ? name : "flow.yaml";
}

let wrong = 0;
function check(what, holds, seen) {
  if (!holds) wrong += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds ? "" : `: ${JSON.stringify(seen)}`}`);
}

const NODE = "flow: main\nnodes:\n  a:\n    ";
let files = 0;
for (const file of [...written("flows"), ...written("tests/flow/data")]) {
  const found = await complaints(nameOf(file), readFileSync(file, "utf8"));
  files += 1;
  if (found.length) check(`${file} is sound`, false, found);
}
check(`${files} files that are sound`, files > 30, files);

for (const [place, text, ...expected] of [
  ["kinds", NODE + "kind: |\n", "menu", "queue", "hangup"],
  ["fields of a menu", NODE + "kind: menu\n    |\n", "prompt", "options", "timers"],
  ["fields of an option", NODE + "kind: menu\n    options:\n      x:\n        |\n", "key", "say", "next"],
  ["events", NODE + "kind: menu\n    on:\n      |\n", "no_input", "error.queue.full"],
  ["fields of a handler", NODE + "kind: menu\n    on:\n      no_input:\n        |\n", "count", "reprompt"],
  ["a node to begin with", NODE + "|\n", "kind", "menu", "queue"],
  ["fields of a flow", "|\n", "flow", "nodes", "variables"],
]) {
  const found = await offered("flow.yaml", text);
  check(`offers ${place}`, expected.every((each) => found.includes(each)), found);
}
for (const [place, text, expected] of [
  ["a kind", NODE + "kind: me|nu\n    options: {x: {key: 1}}\n", "Offers a few choices."],
  ["a prompt", NODE + "kind: menu\n    pro|mpt: ask\n    options: {x: {key: 1}}\n", "texts by language"],
  ["a key", NODE + "kind: menu\n    prompt: ask\n    options: {x: {ke|y: 1}}\n", "key, or keys"],
]) {
  const found = await told("flow.yaml", text);
  check(`explains ${place}`, found.includes(expected), found);
}
for (const [what, text, expected] of [
  ["a kind that is none", NODE + "kind: menus\n", "Value is not accepted"],
  ["a field that is none", NODE + "{kind: say, prompt: x, promt: x, next: b}\n", "promt is not allowed"],
  ["a field that is missing", NODE + "{kind: say, prompt: x}\n", 'Missing property "next"'],
  ["a value of another type", NODE + "{kind: say, prompt: x, next: b, wait: 5}\n", "Incorrect type"],
  ["a text instead of an id", NODE + "{kind: say, prompt: Hello there, next: b}\n", "a text is written {zh:"],
]) {
  const found = await complaints("flow.yaml", text);
  check(`marks ${what}`, found.some((each) => each.includes(expected)), found);
}
process.exit(wrong ? 1 : 0);
