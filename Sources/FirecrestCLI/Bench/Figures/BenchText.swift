// Firecrest — numbers as people read them.
// SPDX-License-Identifier: Apache-2.0

enum BenchText {
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "-" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let whole = group(scaled / Int(scale))
        guard digits > 0 else { return sign + whole }
        let rest = String(scaled % Int(scale))
        return sign + whole + "." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// With as many digits as say something.
    static func short(_ value: Double) -> String {
        switch abs(value) {
        case 100...: decimal(value, 0)
        case 10...: decimal(value, 1)
        case 0.1...: decimal(value, 2)
        default: decimal(value, 3)
        }
    }

    static func count(_ value: Double) -> String { decimal(value, value < 10 ? 1 : 0) }
    static func count(_ value: Int) -> String { group(value) }

    static func milliseconds(_ nanoseconds: Double) -> String { short(nanoseconds / 1e6) }

    static func bytes(_ count: Int) -> String {
        switch abs(count) {
        case ..<10_240: "\(group(count)) B"
        case ..<10_485_760: "\(decimal(Double(count) / 1_024, 1)) KiB"
        default: "\(decimal(Double(count) / 1_048_576, 1)) MiB"
        }
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }

    /// 1,234,567.
    private static func group(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return value < 0 ? "-" + text : text
    }
}
