// Firecrest — finds a cookie in a request's headers.
// SPDX-License-Identifier: Apache-2.0

/// Reads `Cookie` as Plug does: `name=value` between semicolons, blanks around them left out; a pair with a blank in its
/// name, without a name or without `=`, or with a control character in its value, is none. Quotation marks are part of
/// the value. Of two cookies of one name in a header the first counts, which is the one with the longer path; of several
/// headers the last that has it.
enum CookieHeader {
    private static let semicolon = UInt8(ascii: ";")
    private static let blank = UInt8(ascii: " ")

    static func value(of name: String, in headers: [String]) -> String? {
        for header in headers.reversed() {
            if let value = value(of: name, in: header) { return value }
        }
        return nil
    }

    private static func value(of name: String, in header: String) -> String? {
        for pair in header.utf8.split(separator: semicolon) {
            let pair = pair.drop { $0 == blank || $0 == 0x09 }
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<equals].elementsEqual(name.utf8) else {
                continue
            }
            var value = pair[pair.index(after: equals)...]
            while value.last == blank { value.removeLast() }
            guard !value.contains(where: { (0x09...0x0D).contains($0) }) else { continue }
            return String(decoding: value, as: UTF8.self)
        }
        return nil
    }
}
