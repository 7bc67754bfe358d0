"""Holds one of everything open until its standard input ends. Argument: an empty folder."""
import mmap
import os
import select
import socket
import sys

folder = sys.argv[1]
keep = []


def sock(family, kind, bind=None, listen=False, connect=None, protocol=0):
    held = socket.socket(family, kind, protocol)
    keep.append(held)
    if bind is not None:
        held.bind(bind)
    if listen:
        held.listen()
    if connect is not None:
        held.connect(connect)
    return held


STREAM, DGRAM, PACKETS = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
four = sock(socket.AF_INET, STREAM, ("127.0.0.1", 0), True)
six = sock(socket.AF_INET6, STREAM, ("::", 0), True)
sock(socket.AF_INET, STREAM, connect=four.getsockname())
keep.append(four.accept()[0])
sock(socket.AF_INET6, STREAM, connect=("::ffff:127.0.0.1", six.getsockname()[1]))
keep.append(six.accept()[0])
sock(socket.AF_INET6, STREAM, connect=("::1", six.getsockname()[1]))
keep.append(six.accept()[0])
datagrams = sock(socket.AF_INET, DGRAM, ("0.0.0.0", 0))
sock(socket.AF_INET6, DGRAM, ("::1", 0))
sock(socket.AF_INET, DGRAM, connect=("127.0.0.1", datagrams.getsockname()[1]))
path = os.path.join(folder, "stream.sock")
sock(socket.AF_UNIX, STREAM, path, True)
sock(socket.AF_UNIX, STREAM, connect=path)
sock(socket.AF_UNIX, PACKETS, "\0holder-" + str(os.getpid()), True)
sock(socket.AF_UNIX, DGRAM, os.path.join(folder, "datagrams.sock"))
keep.extend(socket.socketpair())
sock(socket.AF_NETLINK, socket.SOCK_RAW, (0, 0))
sock(socket.AF_INET, socket.SOCK_RAW, protocol=socket.IPPROTO_ICMP)
sock(socket.AF_PACKET, socket.SOCK_RAW, protocol=socket.ntohs(3))

keep.append(open(os.path.join(folder, "appended"), "a"))
gone = open(os.path.join(folder, "gone"), "w+")
gone.write("content")
gone.flush()
keep.append(gone)
mapped = open(os.path.join(folder, "mapped"), "w+")
mapped.write("content")
mapped.flush()
keep.append(mmap.mmap(mapped.fileno(), 4, mmap.MAP_SHARED))
os.close(mapped.fileno())
os.unlink(os.path.join(folder, "gone"))
keep.append(os.open(folder, os.O_RDONLY))
keep.append(os.open("/dev/null", os.O_RDWR))
keep.extend(os.pipe())
os.mkfifo(os.path.join(folder, "fifo"))
keep.append(os.open(os.path.join(folder, "fifo"), os.O_RDWR))
keep.append(os.memfd_create("in memory"))
keep.append(select.epoll())
keep.append(os.eventfd(0))
keep.append(os.open("/proc/self/ns/net", os.O_RDONLY))

print("ready", flush=True)
sys.stdin.read()
os._exit(0)
