/* Where in a file a CPython raises its MemoryErrors: the probes to set on it (facts: PyErr_NoMemory alone misses numpy,
 * `raise MemoryError` and more). Needs no debug symbols: MemoryError's tp_new is a stripped static, but
 * PyExc_MemoryError is exported and leads to its type. Not seen: direct callers of _PyErr_NoMemory where that is
 * neither exported nor found by the code of PyErr_NoMemory (AArch64 since 3.13). */
#pragma once

#include "elfimage.h"

typedef enum PyProbeKind {
        PYPROBE_NO_MEMORY,       /* PyErr_NoMemory() */
        PYPROBE_NO_MEMORY_INNER, /* _PyErr_NoMemory(), which the former jumps to since 3.9 */
        PYPROBE_NEW,             /* MemoryError.tp_new, which its subclasses inherit; also hit 16 times by each start */
        _PYPROBE_MAX,
        _PYPROBE_INVALID = -EINVAL,
} PyProbeKind;

typedef struct PyProbe {
        PyProbeKind kind;
        uint64_t offset; /* in the file */
} PyProbe;

typedef struct PyBuild {
        unsigned n_probes; /* at least one, each of another kind */
        PyProbe probes[_PYPROBE_MAX];
        unsigned major, minor; /* 0 = before 3.11 */
        bool pairs; /* a MemoryError from C hits tp_new too, later, when Python code comes to see it (until 3.11) */
} PyBuild;

/* 0; -ENOENT: an ELF file that has no CPython in it; -ENOEXEC, -EBADMSG: as in
 * elfimage.h; errors of read() are passed up. */
int pyelf_resolve(elf_read_t read, void *userdata, PyBuild *ret);
