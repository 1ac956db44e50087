// Firecrest — runs scripts with the genuine phoenix.js in Node
// SPDX-License-Identifier: Apache-2.0
//
//   node node.js APP.JS ws://127.0.0.1:PORT/socket

"use strict"
const fs = require("node:fs")
const path = require("node:path")
const WebSocket = require("ws") // Debian's node-ws, by NODE_PATH: older Nodes have none of their own

const [app, endPoint] = process.argv.slice(2)
const nothing = () => {}
const storage = () => {
  const items = new Map()
  return {getItem: key => items.get(key) ?? null, setItem: (key, item) => items.set(key, item), removeItem: key => items.delete(key)}
}
const target = {addEventListener: nothing, removeEventListener: nothing}
const window = {
  ...target, WebSocket, fetch, AbortController, CustomEvent: class {}, localStorage: storage(), sessionStorage: storage(),
  location: {hostname: "127.0.0.1", pathname: "/", href: endPoint},
}
const document = {
  ...target, readyState: "loading", visibilityState: "visible", documentElement: {}, body: target,
  querySelector: () => ({getAttribute: () => ""}), querySelectorAll: () => [], getElementById: () => null,
  createElement: () => ({}), createRange: () => ({}),
}

require(path.join(__dirname, "load.js"))
const env = globalThis.interop(fs.readFileSync(app, "utf8"), window, document, WebSocket, endPoint)
require(path.join(__dirname, "../support/lines.js"))(env)
