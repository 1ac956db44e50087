// Firecrest — what the scripts of the tests can use: replies and events as promises, a transport that tells what was sent
// SPDX-License-Identifier: Apache-2.0
//
// Put in front of a script that has these in scope: Socket, Transport (a class: WebSocket, LongPoll…), endPoint, defaults
// (options of every Socket), topic, and the lists frames (what was sent, parsed where it is text) and wires (every
// transport made).

const sleep = ms => new Promise(done => setTimeout(done, ms))
const until = async (check, ms = 5000) => {
  const end = performance.now() + ms
  for (;;) {
    const value = check()
    if (value) return value
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${check}`)
    await sleep(10)
  }
}
const outcome = push => new Promise(done => {
  for (const status of ["ok", "error", "timeout"]) push.receive(status, response => done({status, response}))
})
class Spy extends Transport {
  constructor(...rest) { super(...rest); wires.push(this) }
  send(frame) { frames.push(typeof frame === "string" ? JSON.parse(frame) : frame); super.send(frame) }
}
const connected = async (options = {}) => {
  const socket = new Socket(endPoint, {transport: Spy, ...defaults, ...options})
  socket.connect()
  await until(() => socket.isConnected())
  return socket
}
const joined = async (socket, topic, params = {}) => {
  const channel = socket.channel(topic, params)
  const reply = await outcome(channel.join())
  if (reply.status !== "ok") throw new Error(`join: ${JSON.stringify(reply)}`)
  return channel
}
