// Firecrest — hands out the JavaScript client that is embedded in this module
// SPDX-License-Identifier: Apache-2.0

/// The browser client, `firecrest.js`, as a server sends it.
package enum FirecrestJavaScript {
    /// Source of the ES module, in UTF-8. Serve it as `text/javascript`.
    package static var client: [UInt8] { PackageResources.firecrest_js }
}
