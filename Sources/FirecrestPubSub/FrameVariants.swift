// Firecrest — the forms of one frame that a loop's subscribers share.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Buffers by a key of the transport's choice.
///
/// Looked up for every subscriber, and there are one or two: searched, not hashed.
package struct FrameVariants {
    private var forms: [(key: Int, bytes: ByteBuffer)] = []

    package init() {}

    package subscript(key: Int) -> ByteBuffer? {
        get {
            for form in forms where form.key == key { return form.bytes }
            return nil
        }
        set {
            forms.removeAll { $0.key == key }
            if let newValue { forms.append((key, newValue)) }
        }
    }
}
