# Firecrest — a TCP proxy that passes bytes on as they are, and counts them
# SPDX-License-Identifier: Apache-2.0

import socket
import threading


def free_ports(count):
    """The first of `count` ports in a row that nobody listens at."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            base = probe.getsockname()[1]
        if base + count > 65_535:
            continue
        held = []
        try:
            for port in range(base, base + count):
                held.append(socket.create_server(("127.0.0.1", port)))
            return base
        except OSError:
            continue
        finally:
            for listener in held:
                listener.close()


class Connection:
    """What went through one connection, kept whole: runs are short."""

    def __init__(self):
        self.up = bytearray()
        self.down = bytearray()

    def request_heads(self):
        """Lengths of the HTTP heads that the client sent. Behind an upgrade there are none."""
        heads, rest = [], bytes(self.up)
        while rest:
            end = rest.index(b"\r\n\r\n") + 4
            head, rest = rest[:end], rest[end:]
            heads.append(end)
            fields = {}
            for line in head.split(b"\r\n")[1:-2]:
                name, _, value = line.partition(b":")
                fields[name.strip().lower()] = value.strip()
            if fields.get(b"upgrade", b"").lower() == b"websocket":
                break
            assert b"transfer-encoding" not in fields, "the client is not expected to send chunks"
            rest = rest[int(fields.get(b"content-length", 0)):]
        return heads


class Proxy:
    def __init__(self, listen, target):
        self.target = target
        self.connections = []
        self.open = 0
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", listen), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection()
            with self.changed:
                self.connections.append(connection)
                self.open += 2
            for source, sink, kept in ((client, server, connection.up), (server, client, connection.down)):
                threading.Thread(target=self._pump, args=(source, sink, kept), daemon=True).start()

    def _pump(self, source, sink, kept):
        try:
            while data := source.recv(65_536):
                kept += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # One side is gone: the other shall know.
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        finally:
            with self.changed:
                self.open -= 1
                self.changed.notify_all()

    def finish(self):
        """Waits until all connections have ended in both directions."""
        self.listener.close()
        with self.changed:
            assert self.changed.wait_for(lambda: self.open == 0, timeout=5), f"{self.open} directions are still open"
        return self.connections
