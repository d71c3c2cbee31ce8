/* Any file as a CPython: the search ends, reads nothing past the file, and what it finds is where a probe can be. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pyelf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct File {
        const uint8_t *data;
        size_t size;
        unsigned n_reads;
} File;

static void require(bool good) {
        if (!good)
                abort();
}

static int read_file(void *userdata, uint64_t offset, void *buf, size_t n) {
        File *file = userdata;

        file->n_reads++;
        if (offset > file->size || n > file->size - offset)
                return -ENODATA;
        memcpy(buf, file->data + offset, n);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        File file = {data, size, 0};
        PyBuild build;

        memset(&build, 0x55, sizeof(build));
        int r = pyelf_resolve(read_file, &file, &build);
        require(r == 0 || r == -ENOENT || r == -ENOEXEC || r == -EBADMSG);
        require(file.n_reads < 200000);
        if (r < 0) {
                for (size_t i = 0; i < sizeof(build); i++)
                        require(((const uint8_t *) &build)[i] == 0x55);
                return 0;
        }
        require(build.n_probes > 0 && build.n_probes <= _PYPROBE_MAX);
        for (unsigned i = 0; i < build.n_probes; i++) {
                require(build.probes[i].offset < size);
                for (unsigned k = 0; k < i; k++)
                        require(build.probes[i].kind != build.probes[k].kind);
        }
        return 0;
}
