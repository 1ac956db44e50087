# Firecrest — a TCP proxy in front of the server that treats WebSockets as some networks do
# SPDX-License-Identifier: Apache-2.0

import socket
import threading


class Proxy:
    """Passes connections on to `server`, but for those that begin with a WebSocket handshake:

    - "refuse" ends them;
    - "hang" never answers them;
    - "swallow" answers the handshake, and loses every frame.

    To the clients it is a server with an address of its own, so it has a `url`. `handshakes` counts what it treated so.
    """

    def __init__(self, server, mode):
        self.port = int(server.url.rpartition(":")[2])
        self.mode = mode
        self.handshakes = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(65_536)
                if not piece:
                    return
                head += piece
            handshake = b"\r\nupgrade: websocket\r\n" in head.lower()
            if handshake:
                self.handshakes += 1
                if self.mode == "refuse":
                    return
                if self.mode == "hang":
                    while client.recv(65_536):
                        pass
                    return
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                self.connections.append(server)
                server.sendall(head)
                down = threading.Thread(target=self._pass, args=(server, client, handshake), daemon=True)
                down.start()
                self._pass(client, server, False, drop=handshake)
                down.join()
        except OSError:
            pass
        finally:
            client.close()

    @staticmethod
    def _pass(source, target, head_only, drop=False):
        """Passes bytes on until the end; only up to the end of a response's head, or none."""
        seen = b""
        try:
            while piece := source.recv(65_536):
                if drop:
                    continue
                if head_only:
                    seen += piece
                    end = seen.find(b"\r\n\r\n")
                    piece = seen[: end + 4] if end >= 0 else b""
                    drop, head_only = end >= 0, end < 0
                    if not piece:
                        continue
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        # A shutdown wakes the thread that accepts; a close alone would not.
        for one in [self.listener, *self.connections]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
