"""A transport without a socket, for orders of events that real ones show too seldom."""

import asyncio


class Wire(asyncio.Transport):
    """A connection's transport. The test calls what the kernel would."""

    def __init__(self):
        super().__init__()
        self.is_read = True
        self.written = b""
        self.ended = False

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def pause_reading(self):
        self.is_read = False

    def resume_reading(self):
        self.is_read = True

    def is_closing(self):
        return False

    def can_write_eof(self):
        return True

    def write(self, data):
        assert not self.ended
        self.written += data

    def write_eof(self):
        self.ended = True

    def abort(self):
        self.ended = True
