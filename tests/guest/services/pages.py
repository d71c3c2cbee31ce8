"""Memory in pieces that go back to the kernel at once when dropped (mmap), unlike what malloc may keep."""
import mmap

MIB = 1 << 20
PAGE = mmap.PAGESIZE


class Pages:
    """A stack of touched anonymous mappings of 1 MiB."""

    def __init__(self):
        self.pieces = []

    def __len__(self):
        return len(self.pieces)

    def grow(self):
        piece = mmap.mmap(-1, MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for offset in range(0, MIB, PAGE):
            piece[offset] = 1
        self.pieces.append(piece)

    def shrink(self):
        self.pieces.pop().close()
