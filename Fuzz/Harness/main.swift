// Firecrest — hands libFuzzer one target, the one that FIRECREST_FUZZ_TARGET names.
// SPDX-License-Identifier: Apache-2.0

internal import CLibFuzzer

// An ordinary `main` that calls the driver, since SwiftPM gives the entry point of an executable a name of its own.
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
_ = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    Target.selected.run(FuzzInput(Array(UnsafeBufferPointer(start: data, count: size))))
    return 0
}
