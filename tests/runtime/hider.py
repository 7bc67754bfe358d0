"""Holds things where lsof does not look, until its standard input ends."""
import ctypes
import os
import socket
import sys
import threading

CLONE_FILES, CLONE_NEWNET = 0x400, 0x40000000
IO_URING_SETUP, IO_URING_REGISTER, REGISTER_FILES = 425, 427, 2
libc = ctypes.CDLL(None, use_errno=True)


def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


# A descriptor under way in a socket that nobody has read.
left, right = socket.socketpair()
with open("/etc/passwd") as sent:
    socket.send_fds(left, [b"x"], [sent.fileno()])

# A file that an io_uring holds without a descriptor.
ring = call(libc.syscall(IO_URING_SETUP, 4, ctypes.create_string_buffer(120)))
with open("/etc/passwd") as registered:
    files = (ctypes.c_int * 1)(registered.fileno())
    call(libc.syscall(IO_URING_REGISTER, ring, REGISTER_FILES, files, 1))

# A socket that is not bound.
unbound = socket.socket()

# A listener in a thread that no longer shares its descriptors.
opened, end = threading.Event(), threading.Event()
alone = []


def apart():
    call(libc.unshare(CLONE_FILES))
    server = socket.create_server(("127.0.0.1", 0))
    alone.append(server.getsockname()[1])  # here: the number means something else outside
    opened.set()
    end.wait()


threading.Thread(target=apart, daemon=True).start()
opened.wait()

# A listener that stays behind in the namespace which this thread now leaves.
brought = socket.create_server(("127.0.0.1", 0))
call(libc.unshare(CLONE_NEWNET))
print(alone[0], brought.getsockname()[1], brought.fileno(), flush=True)
sys.stdin.read()
os._exit(0)
