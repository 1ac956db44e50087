// Firecrest — loads the genuine phoenix.js and makes what the scripts of the tests find in `env`; in Node and in Chromium
// SPDX-License-Identifier: Apache-2.0

// `source` is app.js of pyview-web: phoenix.js, LiveView's client, and a line that makes a LiveSocket and leaves it as
// window.liveSocket. It connects nothing on a page without live views. Free names of it can be given by `names`.
const load = (source, window, document, names = {}) => {
  const given = {window, document, ...names}
  new Function(...Object.keys(given), source)(...Object.values(given))
  return window.liveSocket.getSocket().constructor
}

// Sockets are ended with the test. `fast(factor)` is a second phoenix.js whose clock runs faster by that factor, and the
// list of the delays that it asks for, in the milliseconds that it means.
globalThis.interop = (source, window, document, WebSocket, endPoint) => {
  const sockets = [], frames = [], wires = [], keep = {}
  const tracked = Socket => class extends Socket {
    constructor(...rest) { super(...rest); sockets.push(this) }
  }
  const fast = factor => {
    const asked = []
    const setTimeout = (call, ms) => { asked.push(ms); return globalThis.setTimeout(call, ms / factor) }
    return {Socket: tracked(load(source, window, document, {setTimeout})), asked}
  }
  const close = () => sockets.forEach(socket => socket.disconnect())
  const Socket = tracked(load(source, window, document))
  const transports = {websocket: WebSocket, longpoll: window.liveSocket.getSocket().getLongPollTransport()}
  return {Socket, fast, WebSocket, transports, storage: window.sessionStorage, endPoint, frames, wires, keep, close}
}
