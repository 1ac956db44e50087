// Firecrest — the types of our own lower modules that users see, so that `import Firecrest` is enough.
// SPDX-License-Identifier: Apache-2.0

@_exported public import FirecrestHTTP
@_exported public import FirecrestProtocol
@_exported public import FirecrestWire
