// Firecrest — sendmsg and recvmsg with one descriptor beside the bytes (unix(7), cmsg(3)).
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// The macros of cmsg(3) are C; the layout that they name is written out here.
enum DescriptorMessage {
    /// CMSG_LEN(sizeof(int)): a header and the descriptor.
    private static let usedBytes = MemoryLayout<cmsghdr>.size + MemoryLayout<CInt>.size
    /// CMSG_SPACE(sizeof(int)): the same, rounded up to where the next header would begin.
    private static let spaceBytes =
        (usedBytes + MemoryLayout<Int>.alignment - 1) / MemoryLayout<Int>.alignment * MemoryLayout<Int>.alignment

    /// - Returns: the bytes sent, or -1 with `errno`.
    static func send(_ bytes: UnsafeRawBufferPointer, _ descriptor: CInt?, to socket: CInt) -> Int {
        withUnsafeTemporaryAllocation(byteCount: spaceBytes, alignment: MemoryLayout<cmsghdr>.alignment) { control in
            control.initializeMemory(as: UInt8.self, repeating: 0)
            var part = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            return withUnsafeMutablePointer(to: &part) { part in
                var message = msghdr()
                message.msg_iov = part
                message.msg_iovlen = 1
                if let descriptor {
                    var header = cmsghdr()
                    header.cmsg_len = numericCast(usedBytes)
                    header.cmsg_level = SOL_SOCKET
                    header.cmsg_type = CInt(SCM_RIGHTS)
                    control.storeBytes(of: header, as: cmsghdr.self)
                    control.storeBytes(of: descriptor, toByteOffset: MemoryLayout<cmsghdr>.size, as: CInt.self)
                    message.msg_control = control.baseAddress
                    message.msg_controllen = numericCast(spaceBytes)
                }
                return sendmsg(socket, &message, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
            }
        }
    }

    /// - Returns: the bytes received, or -1 with `errno`; and the descriptor that came with them, closed on exec.
    static func receive(_ bytes: UnsafeMutableRawBufferPointer, from socket: CInt) -> (count: Int, passed: CInt?) {
        withUnsafeTemporaryAllocation(byteCount: spaceBytes, alignment: MemoryLayout<cmsghdr>.alignment) { control in
            var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return withUnsafeMutablePointer(to: &part) { part in
                var message = msghdr()
                message.msg_iov = part
                message.msg_iovlen = 1
                message.msg_control = control.baseAddress
                message.msg_controllen = numericCast(spaceBytes)
                let flags = CInt(MSG_DONTWAIT) | CInt(MSG_CMSG_CLOEXEC)
                let count = recvmsg(socket, &message, flags)
                guard count >= 0, Int(message.msg_controllen) >= usedBytes else { return (count, nil) }
                let header = control.loadUnaligned(as: cmsghdr.self)
                guard header.cmsg_level == SOL_SOCKET, header.cmsg_type == CInt(SCM_RIGHTS) else {
                    return (count, nil)
                }
                return (count, control.loadUnaligned(fromByteOffset: MemoryLayout<cmsghdr>.size, as: CInt.self))
            }
        }
    }
}
