// Firecrest — runs scripts with firecrest.js in Node
// SPDX-License-Identifier: Apache-2.0
//
//   node node.mjs FIRECREST.JS ws://127.0.0.1:PORT/socket

import fs from "node:fs"
import {createRequire} from "node:module"

const [client, endPoint] = process.argv.slice(2)
const require = createRequire(import.meta.url)
const WebSocket = require("ws") // Debian's node-ws, by NODE_PATH: older Nodes have none of their own
// As a data URL it is a module whatever its file is called.
const module = await import(`data:text/javascript;base64,${fs.readFileSync(client).toString("base64")}`)
require("../support/lines.js")({...module, WebSocket, endPoint, frames: [], wires: [], keep: {}})
