// Firecrest — runs scripts with the genuine phoenix.js in Node: a line of JSON in for each, a line of JSON out
// SPDX-License-Identifier: Apache-2.0
//
//   node node.js APP.JS ws://127.0.0.1:PORT/socket     in: {"script": "…"}, out: {"value": …} or {"error": "…"}

"use strict"
const fs = require("node:fs")
const path = require("node:path")
const readline = require("node:readline")
const WebSocket = require("ws") // Debian's node-ws, by NODE_PATH: older Nodes have none of their own

const [app, endPoint] = process.argv.slice(2)
const nothing = () => {}
const storage = {getItem: () => null, setItem: nothing, removeItem: nothing}
const target = {addEventListener: nothing, removeEventListener: nothing}
const window = {
  ...target, WebSocket, CustomEvent: class {}, localStorage: storage, sessionStorage: storage,
  location: {hostname: "127.0.0.1", pathname: "/", href: endPoint},
}
const document = {
  ...target, readyState: "loading", visibilityState: "visible", documentElement: {}, body: target,
  querySelector: () => ({getAttribute: () => ""}), querySelectorAll: () => [], getElementById: () => null,
  createElement: () => ({}), createRange: () => ({}),
}

require(path.join(__dirname, "load.js"))
const env = globalThis.interop(fs.readFileSync(app, "utf8"), window, document, WebSocket, endPoint)
const uncaught = []
process.on("uncaughtException", error => uncaught.push(String(error.stack)))

const lines = readline.createInterface({input: process.stdin})
lines.on("line", async line => {
  let answer
  try {
    const value = await new Function("env", JSON.parse(line).script)(env)
    if (uncaught.length > 0) throw new Error(`uncaught: ${uncaught.join("\n")}`)
    answer = {value: value === undefined ? null : value}
  } catch (error) {
    answer = {error: String(error.stack)}
  }
  process.stdout.write(JSON.stringify(answer) + "\n")
})
lines.on("close", () => process.exit(0))
