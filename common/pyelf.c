/* See pyelf.h. Offsets into PyTypeObject are of the 64-bit ABI, the same since 3.0; in free-threaded builds the
 * object's header is larger. */
#include <elf.h>

#include "pyelf.h"

/* A PyErr_NoMemory() that only passes on to _PyErr_NoMemory() has 12 to 32 bytes; one that does the work itself,
 * inlined by the compiler, has more, and then _PyErr_NoMemory() isn't hit by it. */
#define WRAPPER_MAX 40

#define VERSION_EAGER 0x030c0000U /* 3.12: MemoryErrors from C are ready-made and don't come by tp_new */

typedef struct TypeLayout {
        uint64_t name, new;
} TypeLayout;

static const TypeLayout layouts[] = {{0x18, 0x138}, {0x28, 0x148}};

/* tp_new of the static type behind an exported PyExc_*. -ENOENT when it isn't what its name says. */
static int find_new(const ElfImage *image, const char *symbol_name, const char *type_name, uint64_t *ret) {
        uint64_t addresses[2 * ELEMENTSOF(layouts)], values[2 * ELEMENTSOF(layouts)], type;
        char found[32];
        ElfSymbol symbol;
        int r;

        assert(strlen(type_name) < sizeof(found));
        r = elf_symbol(image, symbol_name, &symbol);
        if (r < 0)
                return r;
        r = elf_words(image, &symbol.address, &type, 1);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < ELEMENTSOF(layouts); i++) {
                addresses[2 * i] = type + layouts[i].name;
                addresses[2 * i + 1] = type + layouts[i].new;
        }
        r = elf_words(image, addresses, values, ELEMENTSOF(addresses));
        if (r < 0)
                return r;
        for (unsigned i = 0; i < ELEMENTSOF(layouts); i++) {
                if (elf_read(image, values[2 * i], found, strlen(type_name) + 1) < 0 || found[strlen(type_name)] != 0 ||
                    memcmp(found, type_name, strlen(type_name)) != 0)
                        continue;
                *ret = values[2 * i + 1];
                return 0;
        }
        return -ENOENT;
}

static int add_probe(const ElfImage *image, PyBuild *build, PyProbeKind kind, uint64_t address) {
        uint64_t offset;
        uint8_t first;
        int r;

        r = elf_offset(image, address, 1, true, &offset);
        if (r < 0)
                return r;
        r = elf_read(image, address, &first, 1); /* is the file that long? */
        if (r < 0)
                return r;
        build->probes[build->n_probes++] = (PyProbe){.kind = kind, .offset = offset};
        return 0;
}

/* A tp_new that all exceptions share (Python 2) would make every exception of the host trap: never. */
static int add_new(const ElfImage *image, PyBuild *build) {
        uint64_t memory_error, exception;
        int r;

        r = find_new(image, "PyExc_MemoryError", "MemoryError", &memory_error);
        if (r < 0)
                return r;
        r = find_new(image, "PyExc_Exception", "Exception", &exception);
        if (r < 0)
                return r;
        return memory_error == exception ? -ENOENT : add_probe(image, build, PYPROBE_NEW, memory_error);
}

/* The ways in which compilers write "return _PyErr_NoMemory(the thread's state)", -1 for any byte: the state is a
 * thread-local of the executable, or one of a shared library; with and without a landing pad for indirect calls. The
 * last four bytes say how far to jump. */
#define ANY4 -1, -1, -1, -1
static const int16_t jumps[][36] = {
        {0x64, 0x48, 0x8b, 0x3c, 0x25, ANY4, 0xe9, ANY4, -2},
        {0xf3, 0x0f, 0x1e, 0xfa, 0x64, 0x48, 0x8b, 0x3c, 0x25, ANY4, 0xe9, ANY4, -2},
        {0x48, 0x83, 0xec, 0x08, 0x66, 0x48, 0x8d, 0x3d, ANY4, 0x66, 0x66, 0x48,
         0xe8, ANY4, 0x48, 0x8b, 0x38, 0x48, 0x83, 0xc4, 0x08, 0xe9, ANY4, -2},
};

static int find_jump(const ElfImage *image, const ElfSymbol *from, uint64_t *ret) {
        uint8_t code[36];
        int32_t distance;

        if (image->machine != EM_X86_64)
                return -ENOENT;
        for (unsigned i = 0; i < ELEMENTSOF(jumps); i++) {
                size_t n = 0;

                while (n < ELEMENTSOF(jumps[i]) && jumps[i][n] != -2)
                        n++;
                if (elf_read(image, from->address, code, n) < 0)
                        continue;
                for (size_t k = 0; k < n; k++)
                        if (jumps[i][k] >= 0 && jumps[i][k] != code[k])
                                n = 0;
                if (n == 0)
                        continue;
                memcpy(&distance, code + n - sizeof(distance), sizeof(distance));
                *ret = from->address + n + (uint64_t) (int64_t) distance;
                return 0;
        }
        return -ENOENT;
}

/* Where the one only passes on to the other, it gets no probe: both would be hit. */
static int add_no_memory(const ElfImage *image, PyBuild *build) {
        ElfSymbol outer = {}, inner = {};
        bool passes_on;
        int r;

        r = elf_symbol(image, "PyErr_NoMemory", &outer);
        if (r < 0)
                return r;
        passes_on = outer.size > 0 && outer.size <= WRAPPER_MAX;
        r = elf_symbol(image, "_PyErr_NoMemory", &inner);
        if (r == -ENOENT) {
                r = find_jump(image, &outer, &inner.address);
                passes_on = true;
        }
        if (r >= 0)
                r = add_probe(image, build, PYPROBE_NO_MEMORY_INNER, inner.address);
        if (r >= 0 && passes_on)
                return 0;
        return add_probe(image, build, PYPROBE_NO_MEMORY, outer.address);
}

static uint32_t read_version(const ElfImage *image) {
        ElfSymbol symbol;
        uint64_t version;

        if (elf_symbol(image, "Py_Version", &symbol) < 0 ||
            elf_read(image, symbol.address, &version, sizeof(version)) < 0)
                return 0;
        return (uint32_t) version;
}

#define READS_MAX 50000 /* of one file; libpython takes about a thousand. A file made to take millions is damaged */

/* Most errors only mean that this file has no such thing; that it could not be read is never lost. */
typedef struct Reader {
        elf_read_t read;
        void *userdata;
        unsigned n_reads;
        int error;
} Reader;

static int read_noting(void *userdata, uint64_t offset, void *buf, size_t n) {
        Reader *reader = userdata;
        int r;

        if (reader->error >= 0 && ++reader->n_reads > READS_MAX)
                reader->error = -EBADMSG;
        r = reader->error < 0 ? reader->error : reader->read(reader->userdata, offset, buf, n);
        if (r < 0 && r != -ENODATA)
                reader->error = r;
        return r;
}

static int resolve(Reader *reader, PyBuild *build) {
        ElfImage image;
        ElfSymbol symbol;
        uint32_t version;
        int r;

        r = elf_open(&image, read_noting, reader);
        if (r >= 0)
                r = elf_symbol(&image, "PyExc_MemoryError", &symbol);
        if (r < 0)
                return r == -ENOEXEC || r == -ENOENT ? r : -EBADMSG;
        version = read_version(&image);
        build->major = version >> 24;
        build->minor = (version >> 16) & 0xff;
        build->pairs = version < VERSION_EAGER;
        /* One of them is better than none. */
        (void) add_no_memory(&image, build);
        (void) add_new(&image, build);
        return build->n_probes == 0 ? -ENOENT : 0;
}

int pyelf_resolve(elf_read_t read, void *userdata, PyBuild *ret) {
        Reader reader = {.read = read, .userdata = userdata};
        PyBuild build = {};
        int r;

        r = resolve(&reader, &build);
        if (reader.error < 0)
                return reader.error;
        if (r < 0)
                return r;
        *ret = build;
        return 0;
}
