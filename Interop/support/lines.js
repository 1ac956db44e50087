// Firecrest — lets a Node process run the scripts of tests: a line of JSON in for each, a line of JSON out
// SPDX-License-Identifier: Apache-2.0
//
// In: {"script": "the body of a function of env"}; out: {"value": …} or {"error": "…"}. Ends with its standard input.

"use strict"
const readline = require("node:readline")

module.exports = env => {
  // phoenix.js says there what it makes of a server that goes away; standard output is for answers.
  console.log = console.info = console.debug = console.error
  const uncaught = []
  process.on("uncaughtException", error => uncaught.push(String(error?.stack ?? error)))
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
}
