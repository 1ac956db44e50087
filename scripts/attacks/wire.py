# Firecrest — hostile clients on raw sockets: frames built beforehand, and thousands of peers on one epoll
# SPDX-License-Identifier: Apache-2.0
"""What the attacks send and read by. A peer here never answers a ping or a close frame, and stays until the server goes."""

import collections
import os
import select
import socket
import struct
import time

KEY = b"\x37\xfa\x21\x3d"
CONTINUATION, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
PHOENIX = "/socket/websocket?vsn=2.0.0"
PER_SOURCE = 4000  # connections per source address; beyond, the kernel's search for a port costs more than the work
UNDER_WAY = 64  # handshakes at a time


class Failure(Exception):
    """What ends an attack before its end."""


def head(opcode, length, fin=True):
    """A client's frame up to its payload, with the length that it claims."""
    first = (0x80 if fin else 0) | opcode
    if length < 126:
        return struct.pack(">BB", first, 0x80 | length) + KEY
    if length < 1 << 16:
        return struct.pack(">BBH", first, 0x80 | 126, length) + KEY
    return struct.pack(">BBQ", first, 0x80 | 127, length) + KEY


def masked(data):
    mask = (KEY * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(data), "big")


def frame(data, opcode=TEXT, fin=True):
    data = data.encode() if isinstance(data, str) else data
    return head(opcode, len(data), fin) + masked(data)


def push(join_ref, ref, topic, event, payload="{}"):
    return frame(f'["{join_ref}","{ref}","{topic}","{event}",{payload}]')


class Peer:
    """One connection. `on_text` gets each message; `close` is the server's close frame, `ended` how its stream ended."""

    def __init__(self, crowd, number, path, receive_buffer, reads):
        self.crowd, self.number, self.reads = crowd, number, reads
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            # Loopback's segments of 64 KiB would let the server's kernel take 2 MB for a client that reads nothing.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1_448)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((f"127.0.{crowd.network}.{number // PER_SOURCE + 1}", 0))
        self.socket.connect_ex(("127.0.0.1", crowd.port))
        self.outgoing = collections.deque()
        self.unread = b""
        self.is_open = False
        self.on_text = None
        self.on_raw = None  # in place of frames: what came, as it came
        self.close = None
        self.ended = None
        self.pongs = 0
        self.send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{crowd.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def send(self, data):
        """Queues; what the kernel does not take leaves when it does. Big blocks are shared, not copied."""
        if self.ended is None:
            self.outgoing.append(memoryview(data))
            self.crowd.look(self)

    def read_on(self):
        self.reads = True
        self.crowd.look(self)

    def writable(self):
        while self.outgoing:
            part = self.outgoing[0]
            try:
                count = self.socket.send(part)
            except BlockingIOError:
                return
            self.crowd.bytes_sent += count
            if count < len(part):
                self.outgoing[0] = part[count:]
                return
            self.outgoing.popleft()
        self.crowd.look(self)

    def readable(self, most=1 << 18):
        try:
            data = self.socket.recv(most)
        except BlockingIOError:
            return
        if not data:
            self.end("end of stream")
        elif self.on_raw:
            self.on_raw(data)
        else:
            self.take(self.unread + data if self.unread else data)

    def take(self, data):
        position, end = 0, len(data)
        if not self.is_open:
            position = data.find(b"\r\n\r\n") + 4
            if position < 4:
                self.unread = data
                return
            if not data.startswith(b"HTTP/1.1 101 "):
                raise Failure(f"no upgrade: {data[:300]!r}")
            self.is_open = True
            self.crowd.opened += 1
        while end - position >= 2:
            length, start = data[position + 1], position + 2
            if length == 126:
                if end - start < 2:
                    break
                length, start = data[start] << 8 | data[start + 1], start + 2
            elif length == 127:
                if end - start < 8:
                    break
                length, start = int.from_bytes(data[start:start + 8], "big"), start + 8
            if end - start < length:
                break
            opcode = data[position] & 0x0F
            position = start + length
            if opcode == TEXT:
                if self.on_text:
                    self.on_text(self, data[start:position])
            elif opcode == CLOSE:
                self.close = (int.from_bytes(data[start:start + 2], "big"), data[start + 2:position].decode(errors="replace"))
                self.outgoing.clear()
            elif opcode == PONG:
                self.pongs += 1
        self.unread = data[position:]

    def end(self, how):
        if self.ended is None:
            self.ended = how
            self.outgoing.clear()
            self.crowd.gone(self)


class Crowd:
    """Peers on one epoll."""

    def __init__(self, port, network=1):
        self.port, self.network = port, network
        self.epoll = select.epoll()
        self.peers = []
        self.by_descriptor = {}
        self.watched = {}
        self.opened = 0
        self.bytes_sent = 0
        self.on_end = None

    def open(self, path=PHOENIX, receive_buffer=None, reads=True):
        peer = Peer(self, len(self.peers), path, receive_buffer, reads)
        self.peers.append(peer)
        self.by_descriptor[peer.socket.fileno()] = peer
        self.look(peer)
        return peer

    def open_all(self, count, path=PHOENIX, receive_buffer=None):
        """Opens `count` more, all upgraded when this returns them."""
        first, until, deadline = len(self.peers), self.opened + count, time.monotonic() + 60
        while self.opened < until:
            while len(self.peers) < first + count and len(self.peers) - first < self.opened - until + count + UNDER_WAY:
                self.open(path, receive_buffer)
            self.turn()
            if time.monotonic() > deadline:
                raise Failure(f"{until - self.opened} of {count} clients are not let in: {self.ends(self.peers[first:])}")
        return self.peers[first:]

    def look(self, peer):
        """Asks epoll for what the peer waits for."""
        descriptor = peer.socket.fileno()
        if descriptor not in self.by_descriptor:
            return
        wanted = (select.EPOLLIN if peer.reads else 0) | (select.EPOLLOUT if peer.outgoing else 0)
        if self.watched.get(descriptor) is None:
            self.epoll.register(descriptor, wanted)
        elif self.watched[descriptor] != wanted:
            self.epoll.modify(descriptor, wanted)
        self.watched[descriptor] = wanted

    def gone(self, peer):
        descriptor = peer.socket.fileno()
        if self.by_descriptor.pop(descriptor, None):
            if self.watched.pop(descriptor, None) is not None:
                self.epoll.unregister(descriptor)
            peer.socket.close()
            if self.on_end:
                self.on_end(peer)

    def turn(self, wait=0.05):
        for descriptor, events in self.epoll.poll(wait, 512):
            peer = self.by_descriptor.get(descriptor)
            if peer is None:
                continue
            try:
                if events & select.EPOLLOUT and peer.ended is None:
                    peer.writable()
                if events & select.EPOLLIN and peer.reads and peer.ended is None:
                    peer.readable()
                elif events & (select.EPOLLERR | select.EPOLLHUP) and not events & select.EPOLLIN:
                    error = peer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    peer.end(os.strerror(error) if error else "end of stream")
            except OSError as error:
                # What is left in the receive queue after a reset is gone; what was sent after it is not of interest.
                peer.end(error.strerror or str(error))

    def run(self, until, timeout, what):
        deadline = time.monotonic() + timeout
        while not until():
            if time.monotonic() > deadline:
                raise Failure(f"not within {timeout} s: {what}")
            self.turn()

    def run_for(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.turn(min(left, 0.05))

    def close_all(self):
        for peer in list(self.by_descriptor.values()):
            peer.end("closed by us")

    @staticmethod
    def ends(peers):
        """How these ended, counted: the code and reason of the close frame, else what became of the stream."""
        return dict(collections.Counter(f"{peer.close[0]} {peer.close[1]}" if peer.close else str(peer.ended or "still open") for peer in peers))
